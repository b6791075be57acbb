"""The life of a run: each change of state is one conditional UPDATE, with an event."""
