"""The life of a run: each change of state is one conditional UPDATE that leaves an event."""
