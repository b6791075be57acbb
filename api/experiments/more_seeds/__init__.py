"""Adding seeds to an experiment that has ended, where that keeps the error that was promised."""
