"""An experiment as TensorBoard's event files: a folder for each arm and seed.

Written where the command runs, from the service's replies, so that `tensorboard --logdir` finds
them; the service itself needs nothing of it. All figures of a step are one event. The time of every
event is the run's start: steps have no times of their own.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from api.cli.run_parameters import TrainedRun, figures_at
from api.client import Client


def write_events(
    client: Client, run: TrainedRun, folder: Path, max_points: int | None = None
) -> Path:
    """The event file of a run, written anew below `folder`. Raises `ImportError` without
    tensorboardX."""
    # here: it is optional, and slow to import
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.record_writer import RecordWriter
    from tensorboardX.summary import hparams

    began = datetime.fromisoformat(client.get(f"/v1/runs/{run.id}")["started_at"]).timestamp()
    place = folder / run.arm / f"seed-{run.document['seed']}"
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"events.out.tfevents.{int(began)}.{run.id}"
    file.unlink(missing_ok=True)
    writer = RecordWriter(str(file))

    def write(**what: Any) -> None:
        writer.write(Event(wall_time=began, **what).SerializeToString())

    write(file_version="brain.Event:2")
    figures = {name.replace(".", "/"): value for name, value in run.document["metrics"].items()}
    for summary in hparams(run.parameters(), figures):
        write(summary=summary)
    for name, table in run.series(client, max_points):
        for step, values in figures_at(table):
            scalars = [
                Summary.Value(tag=f"{name}/{tag}", simple_value=value)
                for tag, value in values.items()
            ]
            write(step=step, summary=Summary(value=scalars))
    writer.close()
    return file
