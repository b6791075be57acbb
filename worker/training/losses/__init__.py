"""Losses over one batch of pairs. Start reading at `terms.py`; what a batch is says `batch.py`."""
