"""The view of an experiment under `?wait=`: sent once it differs from what the caller has."""

from contextlib import nullcontext
from typing import NamedTuple

from fastapi import Request

from api.dependencies import Service
from api.experiments.progress import etag, experiment_view
from api.experiments.views import ExperimentView
from api.http.etags import matches
from api.live.change_watch import Snapshot
from api.live.long_polling import wait_for_change
from models.states import TERMINAL


class SerialisedView(NamedTuple):
    """A view as it is sent: serialised once for all who wait for it."""

    json: bytes
    ended: bool


async def changed_view(
    request: Request, service: Service, experiment_id: str, known: str | None, wait: float
) -> tuple[bytes, str]:
    """Return the view as JSON and its entity tag, once that differs from the tag `known`.

    It returns after `wait` seconds in any case, and at once when the experiment has ended. Without
    a `known` tag, a change is one from the first snapshot. Raises `TooMany` where the caller holds
    too many already.
    """

    def read() -> Snapshot[SerialisedView]:
        view = _read(service, experiment_id)
        text = view.model_dump_json().encode()
        return Snapshot(etag(text), SerialisedView(text, view.state in TERMINAL))

    def is_changed(snapshot: Snapshot[SerialisedView]) -> bool:
        nonlocal known
        known = str(snapshot.version) if known is None else known
        return snapshot.value.ended or not matches(known, str(snapshot.version))

    with service.open_replies.one_more(request) if wait else nullcontext():
        snapshot = await wait_for_change(
            request,
            service.changes,
            service.stopping,
            experiment_id,
            read,
            until=is_changed,
            wait=wait,
        )
    return snapshot.value.json, str(snapshot.version)


def _read(service: Service, experiment_id: str) -> ExperimentView:
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)
