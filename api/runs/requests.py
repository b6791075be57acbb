"""The body of a prediction: `{"pairs": [[q1, q2], …]}`, or `question1` and `question2` for one."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.dependencies import NO_NUL
from api.http.json_bodies import RequestBody, validated
from api.openapi.requests import json_request

MAX_PAIRS = 1000
MAX_CHARACTERS = 5000  # of one question; Quora's longest has 1,169

# the pattern is only documented: no JSON body may contain a NUL, so decoding has checked it
Text = Annotated[str, Field(max_length=MAX_CHARACTERS, json_schema_extra={"pattern": NO_NUL})]
TextPair = tuple[str, str]


class Pairs(RequestBody):
    """Pairs of questions."""

    pairs: Annotated[
        list[Annotated[list[Text], Field(min_length=2, max_length=2)]],
        Field(min_length=1, max_length=MAX_PAIRS),
    ]


class OnePair(RequestBody):
    """One pair of questions."""

    model_config = ConfigDict(title="One pair")

    question1: Text
    question2: Text


PREDICTION_BODY = json_request(
    Pairs, OnePair, example={"pairs": [["How do I cook rice?", "How is rice cooked?"]]}
)


def parse_pairs(document: Any) -> list[TextPair]:
    """Return the pairs of a decoded body, in order. Raises `Invalid` with all its problems."""
    if isinstance(document, dict) and "pairs" in document:
        return [(first, second) for first, second in validated(Pairs, document).pairs]
    pair = validated(OnePair, document)
    return [(pair.question1, pair.question2)]
