"""A problem's place as a JSON pointer (RFC 6901), and back."""

from hypothesis import given
from hypothesis import strategies as st

from models.errors import Problem


def test_a_pointer_escapes_what_would_separate_its_parts() -> None:
    problem = Problem.at("arms", 0, "a/b~c", detail="wrong")
    assert (problem.pointer, problem.detail) == ("/arms/0/a~1b~0c", "wrong")
    assert Problem.at(detail="wrong").pointer == ""
    assert Problem.at("", detail="wrong").pointer == "/"


@given(st.lists(st.text()))
def test_a_pointer_leads_back_to_its_parts(parts: list[str]) -> None:
    assert Problem.at(*parts, detail="").parts == tuple(parts)
