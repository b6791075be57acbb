"""Answering questions with the networks of past runs."""
