"""The worker: takes runs from the queue, trains them in processes of their own, records them."""
