"""A worker's part in predictions, played through the store: questions are answered as they come."""

import time

from models.store import predictions
from models.store.tables import Prediction

from support.api import ApiForTests, now


def answer_next(api: ApiForTests, similarities: list[float], threshold: float) -> Prediction:
    """Answer the oldest question that waits, as soon as there is one."""
    while (answered := _answered(api, similarities, threshold)) is None:
        time.sleep(0.05)
    return answered


def _answered(api: ApiForTests, similarities: list[float], threshold: float) -> Prediction | None:
    with api.database.transaction() as session:
        seen = predictions.next_request(session, "wrk_t", now(), 30)
        if seen is None:
            return None
        taken = predictions.claim(
            session, seen, worker_id="wrk_t", max_attempts=3, now=now(), lease_seconds=30
        )
        assert taken is not None
        assert predictions.answer(
            session,
            taken,
            similarities=similarities,
            unknown_words=[["rice", "cooked"], *([] for _ in similarities[1:])],
            threshold=threshold,
            now=now(),
        )
        return taken
