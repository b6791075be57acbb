"""Time to event: how many steps a run takes to leave the plateau, or to reach a loss.

A run may end before the event (its time is *censored*), so means and t tests of the observed times
alone would be wrong. `kaplan_meier.py` describes one arm and `compare.py` compares two;
`plateau.py` and `target_loss.py` define the events. `matched_loss.py` asks the opposite: the
accuracy of an arm at the time when it reaches a loss. All are pure functions; the rows come from
`models.store.metrics.loss_series`.
"""
