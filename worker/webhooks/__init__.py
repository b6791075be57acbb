"""Webhooks: messages to other services at the end of experiments."""
