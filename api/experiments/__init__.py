"""`/v1/experiments` and `/v1/recipes`: submitting, following, cancelling, trying again."""
