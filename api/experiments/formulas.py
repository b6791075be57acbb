"""The formulas of a spec in the reply to a dry run, with what each costs on three batches."""

from api.experiments.views import FormulaView
from models.specs.arm_formulas import arm_formulas
from models.specs.experiment import ExperimentSpec


def formula_views(spec: ExperimentSpec) -> list[FormulaView]:
    """Return the formulas of all arms; none where every term is built in."""
    return [
        FormulaView(
            arm=one.arm,
            pointer=one.pointer,
            row=one.row,
            collapsed=one.values.collapsed,
            random=one.values.random,
            perfect=one.values.perfect,
        )
        for one in arm_formulas(spec)
    ]
