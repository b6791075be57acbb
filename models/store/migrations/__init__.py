"""The schema's history, applied by `models.store.migrating`. Each version works on both
databases."""
