"""Losses over one batch of pairs. Start reading at `terms.py`; `batch.py` says what a batch is."""
