"""An experiment on given negatives, from runs to verdict; a killed run has the same bits."""

from typing import Any

from api.dependencies import Service
from api.results.document import results_document

from support.workers import Lab, kill_attempt, wait_until

LOSS = {"terms": [{"kind": "closest_negative"}]}
ASKED: dict[str, Any] = {
    "encoder": {"kind": "bag", "embedding_dim": 16},
    "vocabulary": {"rows": "all"},
    "steps": 40,
    "arms": [
        {"name": "in batch", "loss": LOSS},
        {"name": "given too", "loss": LOSS, "negatives": {"given": 2}},
    ],
    "seeds": {"count": 6},
    "decision": {"metric": "test.roc_auc", "equivalence_margin": 0.5},
}


def test_given_negatives_are_measured_and_the_experiment_ends_in_a_verdict(
    embedded_lab: Lab,
) -> None:
    lab = embedded_lab
    lab.worker()
    ended = lab.wait_for_success(*lab.create(**ASKED))
    for run in ended:
        steps = lab.figures(run)[0]
        measured = [value for value in steps["s_given_mean"] if value is not None]
        assert bool(measured) == (run.arm == "given too")
        shares = [value for value in steps["given_harder_share"] if value is not None]
        assert all(0 <= share <= 1 for share in shares)
    service = Service(lab.settings, lab.database, None)
    with lab.database.reading() as session:
        results = results_document(session, ended[0].experiment_id, service)
    (primary, *_) = results.comparisons
    assert (primary.a, primary.b) == ("given too", "in batch")
    assert primary.verdict == "equivalent", primary.sentence
    assert primary.mean_difference != 0


def test_a_run_with_given_negatives_that_is_killed_has_the_bits_of_one_that_is_not(
    embedded_lab: Lab,
) -> None:
    lab = embedded_lab
    lab.worker()
    alone = {"arms": [ASKED["arms"][1]], "seeds": {"count": 1}}
    lab.spoiled.stand_still(30)
    asked = {**ASKED, **alone}
    run, straight = lab.create(**asked)[0], lab.create(**asked)[0]
    wait_until("the long step", lab.spoiled.is_used_up)
    kill_attempt(run)
    killed, whole = lab.wait_for_success(run, straight)
    assert (killed.attempt, whole.attempt) == (2, 1)
    assert killed.started_step > 0, "it began anew instead of going on"
    assert lab.figures(killed) == lab.figures(whole)
