"""The schema of the reply that says which seeds can be added."""

from typing import Any

from api.http.views import View


class MoreSeedsView(View):
    """To how many seeds an experiment can be brought, why to no others, and what can be done
    instead."""

    count: int
    """Seeds that it has."""
    counts: list[int]
    """The numbers of seeds to which it can be brought: planned looks that were not taken. Empty
    where none can be added, and for one arm."""
    most: int | None
    """Of one arm, which claims nothing: any number up to this; else null."""
    sentence: str
    """Why, in words."""
    fresh: dict[str, Any]
    """The same question under seeds that no run on the data set has had, as a spec to be sent: a
    new experiment, judged by its own seeds alone, or in a programme its next question."""
