"""What can be wrong with a file of token vectors, in sentences that a person can act on."""


class VectorFileError(ValueError):
    """A file that cannot be used as token vectors; the message is a sentence for its sender."""


class UnsupportedVectorFile(VectorFileError):
    """A file of a kind that is not read at all."""
