"""`/v1/models`: taking pretrained encoders in, and keeping them."""
