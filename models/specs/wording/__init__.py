"""How the fields, terms and arms of a spec are said to a person."""
