"""Judging more than once: planned looks, and the error that is spent over them."""
