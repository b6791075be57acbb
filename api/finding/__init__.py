"""How experiments are found again, and set beside each other."""
