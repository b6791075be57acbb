"""The files of a run that succeeded: their names and format, shared by writer and readers.

`weights.safetensors` can be used without this service: beside the weights it has the run's
vocabulary, and its metadata has all that is needed to turn text into a similarity (see
`docs/use_weights.py`).
"""

WEIGHTS, SCORES = "weights.safetensors", "scores.safetensors"

FORMAT_VERSION = 2
"""Version 1 had no vocabulary, and of the metadata only `encoder`."""

METADATA_KEY = "tripletlab"
"""The only metadata entry of both files, a JSON object. There is one entry because safetensors
writes several in an order that changes between processes, and equal runs must have equal bytes."""

VOCABULARY = "vocabulary"
"""The tensor (uint8) of the words in UTF-8, joined by line feeds, from id 2 on; id 0 is unknown and
1 is padding. It is a tensor because readers refuse metadata above 100 MB."""
