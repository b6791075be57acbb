"""What the API keeps, its database and its files, without HTTP: for whoever answers nothing."""
