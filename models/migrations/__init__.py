"""The schema's history, applied by `models.migrating`. Each version works on both databases."""
