"""The schema of a comparison of runs that were trained elsewhere."""

from typing import Literal

from models.comparison.schema import Comparison


class DeclaredComparison(Comparison):
    """Two arms whose runs were trained elsewhere: the comparison of an experiment, and what can
    only be believed of it."""

    declared_by: Literal["caller"] = "caller"
    """The values are the caller's, and so is the word that metric, margin and confidence were
    chosen before the results were known: no plan of them was kept here."""
    only_a: tuple[int, ...]
    """Seeds that only a has a value of, ascending; they are left out."""
    only_b: tuple[int, ...]
    """Seeds that only b has a value of, ascending; they are left out."""
    left_out: tuple[str, ...]
    """All that was left out, in sentences; the sentence of the comparison has them too."""
