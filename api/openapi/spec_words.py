"""The fields of a spec in words, written into its schema, so that a form needs no words of its own.

Each property has the `title` under which a person is asked for it, and where it takes one of some
words, `x-choices`: what to call each, and what it means. The description has the meanings too, for
those who read the document; without them it is `x-about`.
"""

from typing import Any

from models.metrics import EVALUATION_METRICS
from models.specs.wording.choices import MEANINGS
from models.specs.wording.field_words import FORM_FIELDS, value_words


def add_words(schemas: dict[str, Any]) -> None:
    """Add titles and choices to these schemas, those of a spec and of its parts, in place."""
    for schema in schemas.values():
        for name, node in schema.get("properties", {}).items():
            node["title"] = capital(FORM_FIELDS.get(name, name.replace("_", " ")))
            if name == "kind":
                schema["title"] = capital(value_words("kind", node["const"]))
            _add_choices(name, node)


def _add_choices(name: str, node: dict[str, Any]) -> None:
    holder = _with_enum(node)
    if holder is None:
        return
    holder["x-choices"] = {word: _choice(name, word) for word in holder["enum"]}
    if name in MEANINGS:
        meanings = "; ".join(f"`{word}`: {MEANINGS[name][word]}" for word in holder["enum"])
        about = node["x-about"] = node.get("description", "")
        node["description"] = f"{about} {meanings[0].upper()}{meanings[1:]}.".strip()


def _with_enum(node: dict[str, Any]) -> dict[str, Any] | None:
    """The node that has the words: the property, an option of it, or its items."""
    if len(node.get("enum", ())) > 1:
        return node
    inner = [*node.get("anyOf", ()), *([node["items"]] if "items" in node else [])]
    return next((one for one in map(_with_enum, inner) if one is not None), None)


def _choice(name: str, word: str) -> dict[str, str]:
    split, dot, metric = word.partition(".")
    if dot:
        about = EVALUATION_METRICS[metric]
        return {"title": capital(f"{about.label}, {split}"), "description": about.description}
    meaning = MEANINGS[name][word]
    return {"title": capital(value_words(name, word)), "description": f"{capital(meaning)}."}


def capital(words: str) -> str:
    """The words with a capital first letter, and the rest as it is."""
    return words[:1].upper() + words[1:]
