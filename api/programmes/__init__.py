"""`/v1/programmes`: many questions with one budget of errors."""
