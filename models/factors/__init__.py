"""What the runs of a factorial experiment say: effects within seeds, and means of cells.

`contrasts.py` turns the values of cells into those of an effect, which a comparison's own machinery
then judges (`effects.py`); `sentences.py` has the words, `schema.py` the forms in the results.
"""
