"""What can be wrong with an uploaded model, in sentences that a person can act on."""


class ModelFileError(ValueError):
    """A folder that cannot be used as an encoder; the message is a sentence for its sender."""
