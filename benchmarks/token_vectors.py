"""What it takes to read a file of token vectors, in each form, and to look words up in it.

    PYTHONPATH=. python benchmarks/token_vectors.py [--tokens 400000 --dimension 50]

The vectors are drawn, and written as published files are: five digits a number in text. Each form
is read in a process of its own, whose peak memory is told beside the processor's time.
"""

import argparse
import gzip
import multiprocessing
import os
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from memory import memory_peak
from safetensors.numpy import save_file

from models.vectors.file import take_in
from models.vectors.stored import open_stored

WORDS = 50_000  # a run's vocabulary
MEBIBYTE = 1 << 20


def written(folder: Path, tokens: int, dimension: int) -> dict[str, Path]:
    """The same vectors in every form."""
    draw = np.random.default_rng(0)
    words = [f"word{number}" for number in range(tokens)]
    names = ("text", "text, by gzip", "binary", "safetensors")
    paths = {name: folder / f"{number}" for number, name in enumerate(names)}
    matrix = np.empty((tokens, dimension), dtype=np.float32)
    with paths["text"].open("w") as text, paths["binary"].open("wb") as binary:
        binary.write(f"{tokens} {dimension}\n".encode())
        for row, word in enumerate(words):
            numbers = [f"{one:.5g}" for one in draw.normal(0, 0.5, dimension)]
            text.write(f"{word} {' '.join(numbers)}\n")
            matrix[row] = [float(number) for number in numbers]
            binary.write(word.encode() + b" " + struct.pack(f"<{dimension}f", *matrix[row]) + b"\n")
    with gzip.open(paths["text, by gzip"], "wb", compresslevel=6) as packed:
        packed.write(paths["text"].read_bytes())
    joined = np.frombuffer("\n".join(words).encode(), np.uint8)
    save_file({"vectors": matrix, "tokens": joined}, paths["safetensors"])
    return paths


def take(path: Path, folder: Path) -> str:
    """Read a file into the folder; its content hash."""
    with path.open("rb") as file:
        return take_in(file, folder, 8 << 30).content_hash


def look_up(folder: Path) -> int:
    """Find the words of a run, and copy their rows; how many there are."""
    stored = open_stored(folder)
    rows = stored.find([f"word{7 * number}" for number in range(WORDS)])
    return len(stored.vectors[rows[rows >= 0]])


def told(name: str, work: Callable[..., object], *arguments: Path) -> None:
    """Do the work here, in a process of its own, and print what it took."""
    before, begun = memory_peak(os.getpid()), time.process_time()
    found = work(*arguments)
    seconds, more = time.process_time() - begun, memory_peak(os.getpid()) - before
    print(f"{name}: {seconds:.1f} s of the processor, {more:,} MiB more ({str(found)[:12]})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=400_000)
    parser.add_argument("--dimension", type=int, default=50)
    asked = parser.parse_args()
    alone = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paths = written(folder, asked.tokens, asked.dimension)
        (folder / "read").mkdir()
        for name, path in paths.items():
            size = path.stat().st_size / MEBIBYTE
            said = (f"{name} of {size:,.0f} MiB", take, path, folder / "read")
            process = alone.Process(target=told, args=said)
            process.start()
            process.join()
        said_of_words = (f"{WORDS:,} words looked up", look_up, folder / "read")
        process = alone.Process(target=told, args=said_of_words)
        process.start()
        process.join()


if __name__ == "__main__":
    main()
