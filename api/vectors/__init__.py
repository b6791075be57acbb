"""`/v1/vectors`: taking token vectors in, and keeping them."""
