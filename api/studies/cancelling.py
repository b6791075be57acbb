"""Cancelling a study: each of its experiments that goes on."""

from api.access.callers import Caller
from api.dependencies import Service
from api.experiments.cancelling import cancel
from api.http.problems import Forbidden
from api.studies.members import standings
from models.errors import NotFound
from models.states import TERMINAL
from models.store import clock
from models.store.access.owners import owner_of_experiment
from models.store.access.scopes import Scope
from models.store.studies.studies import places_of, study


def cancel_study(service: Service, study_id: str, caller: Caller) -> None:
    """Cancel its experiments that have not ended; those that have stay as they are. Idempotent.

    Each is cancelled in a transaction of its own, so that no worker waits for all of them; a call
    that breaks off in between can be sent again. Raises `NotFound`, and `Forbidden` where an
    experiment that was joined is another key's: then none is cancelled.
    """
    for one in _going_on(service, study_id, caller):
        try:
            with service.database.transaction() as session:
                cancel(session, one, caller)
        except NotFound:  # deleted meanwhile
            continue
    with service.database.transaction() as session:
        caller.record(session, "study_cancelled", study_id, clock.now(session))


def _going_on(service: Service, study_id: str, caller: Caller) -> list[str]:
    with service.database.reading() as session:
        study(session, study_id)
        places = places_of(session, [study_id])[study_id]
        found = standings(session, [one.experiment_id for one in places if one.experiment_id])
        ids = [one for one, standing in found.items() if standing.state not in TERMINAL]
        for one in ids:
            if caller.scope < Scope.ADMIN and owner_of_experiment(session, one) != caller.key_id:
                raise Forbidden(
                    f"{one} goes on and was not made with this key; only the key that made it, or "
                    "a key with the scope admin, may cancel it, so nothing was cancelled",
                    Scope.ADMIN,
                )
    return ids
