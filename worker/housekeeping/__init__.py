"""What a worker does beside training: lost runs, planned looks, orphaned files."""
