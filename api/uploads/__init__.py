"""What uploads of every kind share: keeping the files and the row, always both or neither."""
