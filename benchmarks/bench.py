"""Every timing of this folder that has a goal, one after the other, and one table of them.

    make bench QUORA=quora_question_pairs.parquet [MODEL=all-MiniLM-L6-v2]

`.venv-peers` (`make peers`) is where the libraries live that ours is measured against, for they
need other versions of what we need too. What a script says goes to the terminal as it comes; the
rows go to `benchmarks/goals.md`, with the machine and the time that all of it took. The machine
should have nothing else to do. `MODEL` is the folder of a pretrained model, which no script
fetches; without it the rows of `pretrained_step.py` say that they were not measured.
"""

import argparse
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from goals import ANSWERS, HEAD

HERE = Path(__file__).resolve().parent
OLDER = "919356c"  # the commit whose steps and whose weight the goals are set against
SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("step.py", "--steps", "30"),
    ("step.py", "--against", OLDER, "--steps", "30"),
    ("loss_alone.py",),
    ("overhead.py",),
    ("gpu_stack.py",),
    ("pretrained_step.py",),
    ("quora_service.py", "--question"),
    ("attempt_start.py",),
    ("store.py",),
    ("many_rows.py",),
    ("large_results.py", "--shapes", "16x200"),
    ("followers.py",),
    ("first_view.py", "--experiments", "200"),
    ("idle_service.py", "--against", OLDER, "--times", "2"),
    ("data_at_scale.py", "--rows", "500000", "5000000"),
)
BESIDE_PEERS = ("loss_alone.py",)  # these run where the peers are, and import both


def rows_of(command: list[str], environment: dict[str, str]) -> list[str]:
    """The rows of goals that a script prints; everything is shown as it comes."""
    print(f"$ {' '.join(command)}", flush=True)
    rows = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("| ") and line.rstrip().endswith(ANSWERS):
                rows.append(line)
    if process.returncode:
        ended = f"{Path(command[1]).name} ended with {process.returncode}"
        rows.append(f"| {ended} | – | – | – | – | **no** |\n")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers")
    parser.add_argument("--model", type=Path, help="the folder of a pretrained model")
    parser.add_argument("--out", type=Path, default=HERE / "goals.md")
    parser.add_argument("scripts", nargs="*", help="only these")
    asked = parser.parse_args()
    if "TRIPLETLAB_QUORA_FILE" not in os.environ:
        sys.exit("they need the Quora pairs: make bench QUORA=quora_question_pairs.parquet")
    environment = {
        **os.environ,
        "PEERS": str(asked.peers),
        "PYTHONPATH": str(HERE.parent),  # ours, where it is not installed
        "PYTHONUNBUFFERED": "1",
    }
    begun, rows, minutes = time.monotonic(), [], []
    for script, *arguments in SCRIPTS:
        if asked.scripts and script not in asked.scripts:
            continue
        if script == "pretrained_step.py" and asked.model:
            peer = asked.peers / "bin" / "python"
            shorter = ("--rounds", "2", "--steps", "24")
            arguments += [str(asked.model), "--peers", str(peer), *shorter]
        python = asked.peers / "bin" / "python" if script in BESIDE_PEERS else sys.executable
        begun_one = time.monotonic()
        rows += rows_of([str(python), str(HERE / script), *arguments], environment)
        minutes.append(f"`{script}` {(time.monotonic() - begun_one) / 60:.1f}")
    whole = (time.monotonic() - begun) / 60
    asked.out.write_text(
        f"# Goals\n\n`make bench` in {whole:.0f} minutes on {os.cpu_count()} cores, Python "
        f"{python_version()}, torch {version('torch')}. Each ratio is of things measured side by "
        f"side in one run.\n\n{HEAD}\n{''.join(rows)}\nMinutes of each: {', '.join(minutes)}.\n"
    )


if __name__ == "__main__":
    main()
