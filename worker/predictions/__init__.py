"""Predictions: the similarities that the network of a past run gives to new pairs of texts."""
