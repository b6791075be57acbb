"""The Celery pool, and the processes that its attempts are forked from."""
