"""The referee: runs that were trained elsewhere, compared as those of an experiment are."""
