"""`/v1/webhooks`: who is told of the end of an experiment."""
