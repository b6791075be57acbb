"""A formula as a term of a loss: its language, read without torch. Start at `grammar.py`.

A formula is text of at most 500 characters such as `relu(margin - s_ap + max(s_an))`. It is read by
the parser of this folder, never by `eval`, into a tree of at most 100 nodes whose types are known
before anything is computed (`tree.py`). `worker.training.losses.formula` computes it on a batch
with gradients; `arrays.py` computes it without, for the values that are shown of it.
"""
