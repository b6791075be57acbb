"""The figures of a comparison, one idea a file: pure functions from paired values to `shapes`.

`models.comparison` puts them together; `models.verdict` says what may be claimed from them.
"""
