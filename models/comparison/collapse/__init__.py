"""When a network has collapsed, one vector for all questions, and how often runs end so."""
