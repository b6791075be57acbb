"""Finding things again: tags and notes of experiments, and the beginnings of ids."""
