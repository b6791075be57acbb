"""`tokenizer.json`, as far as Python can check it: that it only gives ids that the network has.

The library that carries it out is the worker's; here it would be native code that reads what a
stranger sent.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.pretrained.config import read_json
from models.pretrained.errors import ModelFileError

FILE = "tokenizer.json"
KINDS = ("WordPiece", "BPE", "Unigram", "WordLevel")


def check_tokenizer(content: bytes, vocabulary_size: int) -> None:
    """Raises `ModelFileError` unless this is a tokenizer whose ids are below `vocabulary_size`."""
    document = read_json(content, FILE)
    model = document.get("model")
    kind = model.get("type") if isinstance(model, dict) else None
    if not isinstance(model, dict) or kind not in KINDS:
        raise ModelFileError(
            f"{FILE} has no model of a kind that is known ({', '.join(KINDS)}); it is the file "
            "that the tokenizers library writes"
        )
    ids = [*_vocabulary(model), *_added(document), *_special(document.get("post_processor"))]
    if not ids:
        raise ModelFileError(f"{FILE} has no tokens")
    for one in ids:
        if type(one) is not int or not 0 <= one < vocabulary_size:
            raise ModelFileError(
                f"{FILE} has a token with the id {str(one)[:40]}, and the network of config.json "
                f"has the ids 0 to {vocabulary_size - 1:,}"
            )


def _vocabulary(model: Mapping[str, Any]) -> Iterator[Any]:
    words = model.get("vocab")
    if isinstance(words, dict):
        yield from words.values()
    elif isinstance(words, list):
        yield from range(len(words))
        yield from ([] if model.get("unk_id") is None else [model["unk_id"]])
    else:
        raise ModelFileError(f"{FILE} has no vocabulary")


def _added(document: Mapping[str, Any]) -> Iterator[Any]:
    added = document.get("added_tokens") or []
    if not isinstance(added, list):
        raise ModelFileError(f"the added_tokens of {FILE} are not a list")
    for token in added:
        yield token.get("id") if isinstance(token, dict) else token


def _special(processor: Any) -> Iterator[Any]:
    """The ids of the tokens that are put around a text."""
    if not isinstance(processor, dict):
        return
    for one in processor.get("processors") or []:
        yield from _special(one)
    for pair in (processor.get("sep"), processor.get("cls")):
        if isinstance(pair, list) and len(pair) == 2:
            yield pair[1]
    special = processor.get("special_tokens")
    for token in special.values() if isinstance(special, dict) else []:
        yield from token.get("ids", []) if isinstance(token, dict) else [token]
