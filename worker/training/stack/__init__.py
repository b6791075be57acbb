"""Many trainings at once on one device: a stack. Each has a slot, and figures of its own alone."""
