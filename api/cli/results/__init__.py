"""What `results`, `watch` and `submit --wait` print of an experiment."""
