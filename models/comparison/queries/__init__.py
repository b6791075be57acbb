"""What the scores of retrieval's queries add to a comparison: noise of the questions themselves."""
