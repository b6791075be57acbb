"""Child processes: bound to their parent, and started again when they die."""
