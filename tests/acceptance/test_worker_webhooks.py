"""A real worker tells a real HTTP server of an experiment's end, and no receiver holds it up."""

from datetime import UTC, datetime

from models.store.webhooks import webhooks

from support.workers import Lab, wait_until


def test_a_worker_tells_of_the_end_though_the_receiver_fails_at_first(embedded_lab: Lab) -> None:
    embedded_lab.receiver.answers.append(500)
    with embedded_lab.receiver as receiver:
        with embedded_lab.database.transaction() as session:
            webhooks.create_webhook(
                session, owner=None, url=receiver.url, events=webhooks.KINDS, now=datetime.now(UTC)
            )
        embedded_lab.worker()
        first = embedded_lab.create()
        embedded_lab.wait_for_success(*first)
        wait_until("the end to be told twice", lambda: len(receiver.heard) >= 2)
    one, again = (heard.document for heard in receiver.heard[:2])
    assert one == again
    assert one["type"] == "experiment.succeeded"
    assert one["experiment"]["id"] == first[0].experiment_id
