"""Faults by the hundred: drawn at random, injected for real, and what became of every experiment.

    python benchmarks/faults.py [--faults 200] [--tuning 0] [--experiments 50] [--seed 0]
        [--minutes]

Three quarters strike a service of separate processes (API, two workers) on a Redis and a
PostgreSQL of the harness's own, one quarter the embedded default (`tripletlab serve`). Needs
redis-server and PostgreSQL's programs, and root for a disk that can be filled. `--tuning` adds so
many faults of experiments that tune their arms, each in turn of the moments in which these can be
struck. `--minutes` adds a
minute each without Redis and without PostgreSQL. The faults and their order follow from the seed;
the moments do not wholly, since they wait for what they hit. The table goes to
`benchmarks/faults.md`. Ctrl-C ends the injecting; what was injected is examined all the same.

Fire is held while a run has used two thirds of its attempts: one that is given up has ended as it
should, but shows nothing of a resume.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from platform import python_version

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.faults.catalogue import MINUTES, OF_TUNING, Fault, possible, strike  # noqa: E402
from support.faults.hurt_service import EmbeddedService, SeparateService, opened  # noqa: E402
from support.faults.hurt_specs import HEALTHY  # noqa: E402
from support.faults.ledger import Accepted, Ledger, Undisturbed, Verdict  # noqa: E402

UNDER_WAY = 2  # experiments, while faults are injected
END_SECONDS = 1200.0  # until an experiment that does not end counts as lost
MOST_ATTEMPTS = 8  # of 12, before fire is held
KINDS = ("lost", "doubled", "rows", "bits", "unexpected")


@dataclass
class Tally:
    """What one service went through, and how its experiments ended."""

    where: str
    injected: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)  # experiments under way at each fault
    seen: list[str] = field(default_factory=list)
    verdicts: list[tuple[Accepted, Verdict]] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    runs: int = 0
    attempts: int = 0
    seconds: float = 0.0


def main() -> None:
    asked = _arguments()
    draw = random.Random(asked.seed)
    undisturbed: Undisturbed = {}
    everything = asked.faults, asked.tuning, asked.experiments
    embedded = tuple(count // 4 for count in everything)
    separate = tuple(count - part for count, part in zip(everything, embedded, strict=True))
    tallies = []
    with opened(SeparateService) as service:
        ledger = Ledger(service, undisturbed)
        ledger.learn(*HEALTHY, "diverging", "brief", "tuned")
        last = MINUTES if asked.minutes else ()
        tallies.append(campaign("separate", Ledger(service, undisturbed), draw, separate, last))
    with opened(EmbeddedService) as service:
        tallies.append(campaign("embedded", Ledger(service, undisturbed), draw, embedded, ()))
    report = written(tallies, asked)
    asked.out.write_text(report)
    print(report)


def campaign(
    where: str,
    ledger: Ledger,
    draw: random.Random,
    counts: tuple[int, ...],
    last: tuple[Fault, ...],
) -> Tally:
    """Inject so many faults of those possible here, so many of tuning, and `last`, over at least so
    many experiments."""
    faults, tuning, experiments = counts
    tally, begun = Tally(where), time.monotonic()
    known = possible(ledger.service)
    drawn = [*known, *draw.choices(known, [one.weight for one in known], k=faults)][:faults]
    drawn += islice(cycle(OF_TUNING), tuning)
    draw.shuffle(drawn)
    try:
        for fault in (*drawn, *last):
            _inject(fault, ledger, draw, tally)
        while len(ledger.accepted) < experiments:
            _inject(draw.choice(known), ledger, draw, tally)
    except KeyboardInterrupt:
        print("no more faults; waiting for the experiments to end", file=sys.stderr, flush=True)
    ledger.wait(*ledger.accepted, seconds=END_SECONDS)
    tally.surprises = ledger.service.surprises
    tally.verdicts = [(one, ledger.verdict(one)) for one in ledger.accepted]
    runs = [run for one in ledger.accepted for run in ledger.service.runs_of(one.id)]
    tally.runs, tally.attempts = len(runs), sum(run.attempt for run in runs)
    tally.seconds = time.monotonic() - begun
    return tally


def _inject(fault: Fault, ledger: Ledger, draw: random.Random, tally: Tally) -> None:
    while len(ledger.open()) < UNDER_WAY:
        ledger.ask(draw.choice(sorted(HEALTHY)), f"key-{draw.getrandbits(64):x}")
    _hold_fire(ledger)
    time.sleep(draw.uniform(0, 3))
    try:
        seen = strike(fault.strike, ledger, draw, asks=fault.asks)
    except AssertionError as never:
        ledger.service.surprises.append(f"{fault.name}: {never}")
        ledger.service.mend()
        seen = str(never)
    for one in ledger.open():
        one.faults.append(fault.name)
        tally.met[fault.name] += 1
    tally.injected[fault.name] += 1
    said = f"{time.strftime('%H:%M:%S')} {tally.where} {tally.injected.total()}: {fault.name}"
    tally.seen.append(f"{fault.name}: {seen}")
    print(f"{said} {seen}", file=sys.stderr, flush=True)


def _hold_fire(ledger: Ledger) -> None:
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end:
        tried = [run.attempt for one in ledger.open() for run in ledger.service.runs_of(one.id)]
        if max(tried, default=0) < MOST_ATTEMPTS:
            return
        time.sleep(1)


def written(tallies: list[Tally], asked: argparse.Namespace) -> str:
    """The page: what was done, the table, and every violation in words."""
    verdicts = [pair for tally in tallies for pair in tally.verdicts]
    counts = {kind: sum(bool(getattr(v, kind)) for _, v in verdicts) for kind in KINDS}
    injected = sum(tally.injected.total() for tally in tallies)
    minutes = sum(tally.seconds for tally in tallies) / 60
    runs, attempts = (sum(getattr(tally, one) for tally in tallies) for one in ("runs", "attempts"))
    stops = [float(one.split()[-2]) for t in tallies for one in t.seen if "ended in" in one]
    ended = ""
    if stops:
        ended = f" From SIGTERM to a worker's end took at most {max(stops):.1f} s of 10 promised."
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        "# Faults, injected for real",
        "",
        f"{injected} faults over {len(verdicts)} experiments ({runs} runs, {attempts} attempts) in "
        f"{minutes:.0f} minutes: **lost {counts['lost']}, doubled {counts['doubled']}, step rows "
        f"missing or twice {counts['rows']}, differing bits {counts['bits']}**; ended otherwise "
        f"than they should: {counts['unexpected']}.",
        "",
        "```console",
        f"$ python benchmarks/faults.py {_command(asked)}",
        "```",
        "",
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {python_version()}, torch "
        f"{version('torch')}.{ended}",
        "",
        *_table(tallies),
        "",
        *_violations(verdicts, [said for tally in tallies for said in tally.surprises]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _table(tallies: list[Tally]) -> list[str]:
    lines = [
        "| fault | service | injected | under way | lost | doubled | step rows | bits |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for tally in tallies:
        for name, times in sorted(tally.injected.items()):
            hit = [v for one, v in tally.verdicts if name in one.faults]
            bad = [sum(bool(getattr(v, kind)) for v in hit) for kind in KINDS[:4]]
            cells = [name, tally.where, times, tally.met[name], *bad]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _violations(verdicts: list[tuple[Accepted, Verdict]], surprises: list[str]) -> list[str]:
    bad = [f"- {said}" for said in surprises]
    bad += [f"- {one.id} ({one.spec}; {', '.join(one.faults)}): {v}" for one, v in verdicts if v]
    return ["## What was found", "", *bad] if bad else []


def _command(asked: argparse.Namespace) -> str:
    said = f"--faults {asked.faults} --experiments {asked.experiments} --seed {asked.seed}"
    said += f" --tuning {asked.tuning}" if asked.tuning else ""
    return f"{said} --minutes" if asked.minutes else said


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--tuning", type=int, default=0)
    parser.add_argument("--experiments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "faults.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
