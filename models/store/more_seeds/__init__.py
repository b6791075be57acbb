"""Seeds that a person asks for after the end: which may be added, and which are fresh."""
