"""Questions that are asked one after the other, with one budget of errors over all of them."""
