"""The type that a test expects of a value, for the test as much as for mypy."""

from typing import TypeVar

T = TypeVar("T")


def expect(kind: type[T], value: object) -> T:
    """Return the value as one of this type; a value of another type fails the test."""
    assert isinstance(value, kind), f"expected {kind.__name__}, and it is {value!r}"
    return value
