"""How far apart runs of one arm lie by the seed alone, and from which of its sources that comes."""
