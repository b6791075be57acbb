"""A run of very many steps: read piece by piece, so that its length costs no memory."""

import pytest

from models.store.database import Database
from models.store.metrics import rows
from models.store.metrics.rows import append_steps, step_columns, steps_series

from support.statements import statements
from support.stored import step_row, stored_run


def test_a_long_run_is_read_and_thinned_in_pieces_and_keeps_its_extremes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = {step: float(step % 7) for step in range(1, 1001)}
    losses[137], losses[871] = 1e6, -1e6
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(session, run_id, [step_row(n, loss=loss) for n, loss in losses.items()])
    with database.reading() as session:
        at_once = steps_series(session, run_id)
        monkeypatch.setattr(rows, "PIECE", 99)
        with statements(database.engine) as sent:
            thinned = step_columns(session, run_id, max_points=80)
        assert steps_series(session, run_id) == at_once
        assert steps_series(session, run_id, after=950, until=960)["step"] == list(range(951, 961))
    assert sum("steps.loss" in one for one in sent) >= 11
    assert len(thinned["step"]) <= 80
    assert (thinned["step"][0], thinned["step"][-1]) == (1, 1000)
    assert {137, 871} < set(thinned["step"])
    assert thinned["loss"].tolist() == [losses[step] for step in thinned["step"]]
    tenths = {(step - 1) // 100 for step in thinned["step"]}
    assert tenths == set(range(10))
