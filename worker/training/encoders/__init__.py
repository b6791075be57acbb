"""The encoders: from token ids to unit vectors."""
