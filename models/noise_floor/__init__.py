"""How far apart runs of one arm lie by the seed alone."""
