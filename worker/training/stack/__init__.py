"""A stack: many trainings at once on one device, each in a slot, with metrics of its own."""
