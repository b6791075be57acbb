"""What people upload under a name, and which experiments start from it."""
