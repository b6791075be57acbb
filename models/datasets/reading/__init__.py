"""Reading uploaded files: formats, columns, and the limits on what they unpack to."""
