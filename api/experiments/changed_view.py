"""The view of an experiment for `?wait=`: sent once it differs from the one that the caller has."""

from typing import NamedTuple

from fastapi import Request

from api.dependencies import Service
from api.experiments.progress import etag, experiment_view
from api.experiments.views import ExperimentView
from api.http.etags import matches
from api.live.change_watch import Sight
from api.live.long_polling import held
from models.states import TERMINAL


class Body(NamedTuple):
    """A view as it is sent."""

    json: str
    ended: bool


async def changed_view(
    request: Request, service: Service, experiment_id: str, seen: str | None, wait: float
) -> tuple[str, str]:
    """The view as JSON and its tag, once the tag differs from `seen` or `wait` seconds have passed.

    Without `seen` the first look is what must change. At once when the experiment has ended.
    """

    def look() -> Sight[Body]:
        view = _look(service, experiment_id)
        return Sight(etag(view), Body(view.model_dump_json(), view.state in TERMINAL))

    def enough(found: Sight[Body]) -> bool:
        nonlocal seen
        seen = str(found.mark) if seen is None else seen
        return found.value.ended or not matches(seen, str(found.mark))

    found = await held(
        request,
        service.watches,
        service.stopping,
        experiment_id,
        look,
        enough,
        wait,
        experiment_id,
    )
    return found.value.json, str(found.mark)


def _look(service: Service, experiment_id: str) -> ExperimentView:
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)
