"""Where the project lies: tests read its documents, its benchmarks and its configuration."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
