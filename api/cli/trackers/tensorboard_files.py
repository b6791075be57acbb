"""TensorBoard's event files of an experiment: a folder for each arm and seed.

They are written where the command runs, from replies of the service, which itself does not need
TensorBoard. All metrics of a step are one event. The time of every event is the start of the run,
since steps have no times.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from api.cli.trackers.run_parameters import TrainedRun, values_at
from api.cli.trackers.tensorboard_hparams import HyperparameterTable
from api.client import Client


def write_events(
    client: Client,
    run: TrainedRun,
    table: HyperparameterTable,
    folder: Path,
    max_points: int | None = None,
) -> Path:
    """Write the event file of a run below `folder`, replacing an older one, and return its path.
    `table` is that of all runs whose files will be below it.
    """
    # here: it is optional, and slow to import
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.record_writer import RecordWriter

    view = client.get(f"/v1/runs/{run.id}")
    began = datetime.fromisoformat(view["started_at"]).timestamp()
    place = folder / run.arm / f"seed-{run.document['seed']}"
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"events.out.tfevents.{int(began)}.{run.id}"
    file.unlink(missing_ok=True)
    writer = RecordWriter(str(file))

    def write(**what: Any) -> None:
        writer.write(Event(wall_time=began, **what).SerializeToString())

    write(file_version="brain.Event:2")
    write(summary=table.columns())
    write(summary=table.begin(run, began, f"{client.url}/#/runs/{run.id}"))
    write(summary=table.end(view["state"], view["finished_at"]))
    for name, series in run.series(client, max_points):
        for step, values in values_at(series):
            scalars = [
                Summary.Value(tag=f"{name}/{tag}", simple_value=value)
                for tag, value in values.items()
            ]
            write(step=step, summary=Summary(value=scalars))
    writer.close()
    return file
