"""The body of a prediction: `{"pairs": [[q1, q2], …]}`, or `question1` and `question2` for one."""

from typing import Any

from api.dependencies import NO_NUL
from models.errors import Invalid, Problem

MAX_PAIRS = 1000
MAX_CHARACTERS = 5000  # of one question; Quora's longest has 1,169

TextPair = tuple[str, str]

TEXT: dict[str, Any] = {"type": "string", "maxLength": MAX_CHARACTERS, "pattern": NO_NUL}
PREDICT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {
                            "title": "Pairs",
                            "type": "object",
                            "required": ["pairs"],
                            "additionalProperties": False,
                            "properties": {
                                "pairs": {
                                    "type": "array",
                                    "minItems": 1,
                                    "maxItems": MAX_PAIRS,
                                    "items": {
                                        "type": "array",
                                        "minItems": 2,
                                        "maxItems": 2,
                                        "items": TEXT,
                                    },
                                }
                            },
                        },
                        {
                            "title": "One pair",
                            "type": "object",
                            "required": ["question1", "question2"],
                            "additionalProperties": False,
                            "properties": {
                                "question1": TEXT,
                                "question2": TEXT,
                            },
                        },
                    ]
                },
                "example": {"pairs": [["How do I cook rice?", "How is rice cooked?"]]},
            }
        },
    }
}


def parse_pairs(document: Any) -> list[TextPair]:
    """The pairs of a decoded body, in order. Raises `Invalid` with a problem for each field."""
    if not isinstance(document, dict):
        raise Invalid([Problem("", 'send an object such as {"pairs": [["…", "…"]]}')])
    if "pairs" in document:
        problems = _unknown(document, {"pairs"})
        pairs = document["pairs"]
        problems += _of_list(pairs)
    else:
        names = ("question1", "question2")
        problems = _unknown(document, {*names})
        problems += [
            Problem(f"/{name}", "required, but not given (or send `pairs`)")
            for name in names
            if name not in document
        ]
        pairs = [[document.get(name, "") for name in names]]
        problems += [p for name in names for p in _of_text(f"/{name}", document.get(name, ""))]
    if problems:
        raise Invalid(problems[:20])
    return [(first, second) for first, second in pairs]


def _unknown(document: dict[str, Any], known: set[str]) -> list[Problem]:
    return [
        Problem(f"/{name.replace('~', '~0').replace('/', '~1')}", "unknown key; remove it")
        for name in document
        if name not in known
    ]


def _of_list(pairs: Any) -> list[Problem]:
    if not isinstance(pairs, list):
        return [Problem("/pairs", "must be a list of pairs of questions")]
    if not 1 <= len(pairs) <= MAX_PAIRS:
        return [Problem("/pairs", f"takes 1 to {MAX_PAIRS:,} pairs, has {len(pairs):,}")]
    problems = []
    for index, pair in enumerate(pairs):
        if not isinstance(pair, list) or len(pair) != 2:
            problems.append(Problem(f"/pairs/{index}", "must be a list of two questions"))
            continue
        for side, text in enumerate(pair):
            problems += _of_text(f"/pairs/{index}/{side}", text)
    return problems


def _of_text(pointer: str, text: Any) -> list[Problem]:
    if not isinstance(text, str):
        return [Problem(pointer, "must be a text")]
    if len(text) > MAX_CHARACTERS:
        sentence = f"may have {MAX_CHARACTERS:,} characters at most, has {len(text):,}"
        return [Problem(pointer, sentence)]
    return []
