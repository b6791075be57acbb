"""One question asked on several data sets: what the experiments of a study say together.

The unit of evidence is a data set: each gives one mean difference, and the mean over them is judged
as the mean over seeds is in a comparison. Pure functions: the answer follows from the runs alone.
"""
