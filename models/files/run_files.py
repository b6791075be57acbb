"""The files of a run that succeeded: the names and the form that writer and readers agree on.

`weights.safetensors` can be used without this service: beside the weights it holds the run's
vocabulary, and all that turns text into a similarity is in its metadata (see
`docs/use_weights.py`).
"""

WEIGHTS, SCORES = "weights.safetensors", "scores.safetensors"

FORMAT_VERSION = 2
"""1 had no vocabulary, and of the metadata only `encoder`."""

METADATA_KEY = "tripletlab"
"""Of the one metadata entry of both files: a JSON object. One, because safetensors writes several
in an order that changes from process to process, and equal runs have equal bytes."""

VOCABULARY = "vocabulary"
"""The tensor (uint8) of the words in UTF-8, joined by line feeds, from id 2 on; 0 is unknown and 1
is padding. A tensor, because readers refuse metadata above 100 MB."""
