"""What the process of the Celery pool becomes, up to where it would connect to its broker."""

import json
import subprocess
import sys

from support.project import ROOT

PROGRAM = """
import json, socket, sys
from worker.pool import tasks
from celery.apps.worker import Worker
def told(worker):
    print(json.dumps({
        "hostname": worker.hostname, "slots": worker.concurrency,
        "pool": worker.pool_cls.__module__, "queues": sorted(worker.app.amqp.queues.consume_from),
        "rare": sorted({"celery.bin.celery", "prompt_toolkit", "cffi"} & {*sys.modules}),
    }))
Worker.start = told
tasks.main(0, socket.socketpair()[0])
"""


def test_the_pool_is_a_celery_worker_without_celerys_command_line() -> None:
    settings = {
        "TRIPLETLAB_BROKER_URL": "redis://127.0.0.1:1/0",
        "TRIPLETLAB_WORKER_ID": "wrk_1",
        "TRIPLETLAB_WORKERS": "3",
    }
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    )
    worker = json.loads(ended.stdout)
    assert worker.pop("hostname").startswith("wrk_1@")
    assert worker.pop("queues")[0] == "tripletlab.any"
    assert worker == {"slots": 3, "pool": "celery.concurrency.prefork", "rare": []}
