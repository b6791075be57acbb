"""One attempt at a run: claimed, trained, recorded, and ended in a state with a reason."""
