"""The REST service and the command: everything a person talks to. Never imports torch."""
