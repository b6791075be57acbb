"""`/v1/studies`: one question asked on several data sets."""
