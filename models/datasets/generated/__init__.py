"""The data set `questions-generated`: made from templates, the same on every machine."""
