"""Studies in the database: their rows, and what the experiments in them have in common."""
