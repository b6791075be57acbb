"""Step metrics and evaluations: written by attempts, read in series."""
