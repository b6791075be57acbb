"""The schema of each reply on labels and differences."""

from api.http.views import View
from models.specs.wording.arm_differences import ArmDifference


class LabelsView(View):
    tags: list[str]
    notes: str


class DifferencesView(View):
    fields: list[ArmDifference]
    """Each with a value for every arm of every experiment, which is called `EXPERIMENT/ARM`."""
