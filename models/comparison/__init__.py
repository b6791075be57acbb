"""The figures of a comparison, one idea a file: pure functions from paired values to `shapes`.

`models.comparison.compare` puts them together; `models.comparison.verdict` says what may be claimed
from them.
"""
