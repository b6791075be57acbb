"""`/v1/datasets`: taking files in, keeping them, showing their rows."""
