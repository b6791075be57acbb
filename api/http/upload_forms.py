"""The fields of an uploaded form: those that are known, each once and with a value."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping

from fastapi import Request

from api.http.query_parameters import given_twice
from models.errors import Invalid, Problem

NAME_WORDS = (
    "a name begins with a letter or digit, and has 1 to 100 letters, digits, dots, dashes and "
    "underscores"
)


def known_fields(
    fields: Collection[str], empty_words: Mapping[str, str]
) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses a form with another field, with a field that is empty, or with one
    twice: a typo, or a `;` that curl took for itself, would take the default in silence.

    `empty_words` say of a field what helps where it is empty.
    """

    async def require(request: Request) -> None:
        form = await request.form()
        unknown = f"unknown field; the fields are {', '.join(fields)}"
        wrong = {name: unknown for name in form if name not in fields}
        empty = [name for name, value in form.multi_items() if value == "" and name in fields]
        wrong |= {name: empty_words.get(name, "is empty; leave the field out") for name in empty}
        problems = [Problem.at(name, detail=detail) for name, detail in wrong.items()]
        counts = Counter(name for name, _ in form.multi_items() if name in fields)
        problems += [given_twice(name, count) for name, count in counts.items() if count > 1]
        if problems:
            raise Invalid(problems)

    return require
