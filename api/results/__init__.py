"""The results document and the comparisons in it."""
