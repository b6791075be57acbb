"""`/v1/runs`: one training, its series, files, predictions and reproductions."""
