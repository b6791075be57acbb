"""Giving runs to other trackers: an MLflow server, files of TensorBoard."""
