"""The schemas of lists, of which the API makes dozens at its start."""

import inspect

import pytest

from api.http.views import Page, View


class Thing(View):
    """A thing of a list."""

    size: int
    """In metres."""


def test_a_page_is_made_without_looking_for_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """pydantic would look through the stack, and through every loaded module for each frame."""
    calls: list[object] = []
    monkeypatch.setattr(inspect, "getmodule", calls.append)
    page = Page[Thing]
    assert not calls
    thing = page.model_json_schema()["$defs"]["Thing"]
    assert thing["properties"]["size"]["description"] == "In metres."
