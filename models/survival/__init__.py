"""How long a run waits for something: to leave the plateau, to reach a loss. Pure functions.

A waiting time may end with the run before the thing happened (it is *censored*), so means and t
tests of what was seen would be wrong: `survival.py` has the figures of one arm, `compared.py` those
of two, `plateau.py` and `target.py` say what is waited for. `matched.py` asks the opposite: what
accuracy an arm has once it has waited for a loss. The rows are read by
`models.store.metrics.loss_series`.
"""
