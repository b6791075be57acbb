"""What a spec asks of its data set and of its models, before it is accepted."""
