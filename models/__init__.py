"""What the API and the worker must agree on: specs, states, tables, queries, statistics.

The neural networks are in `worker/training/`; nothing here imports torch or FastAPI.
"""
