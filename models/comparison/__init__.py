"""The statistics of a comparison, one idea a file: pure functions from paired values to `schema`.

`evidence.py` computes what a verdict rests on, `verdict.py` says what may be claimed from it, and
`compare.py` puts them together.
"""
