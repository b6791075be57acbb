"""The public contract of an experiment, as frozen values. Start reading at `experiment.py`."""
