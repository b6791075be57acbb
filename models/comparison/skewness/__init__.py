"""What a long tail on one side does to the t test, and what is asked of it then."""
