"""The training itself: a spec, token arrays and a seed go in, events come out.

It knows no queue, no SQL and no settings, so it can be read, tested and timed alone.
Start reading at `loop.py`.
"""
