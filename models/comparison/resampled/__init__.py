"""The test pairs of a run under each resample: worked out once, and kept beside its scores."""
