"""The schema of each reply on labels and differences."""

from api.http.views import View
from models.specs.wording.arm_differences import ArmDifference


class LabelsView(View):
    name: str
    tags: list[str]
    notes: str


class IdView(View):
    """An id, and what a person knows the thing by."""

    id: str
    about: str
    """Of an experiment or a study its name; of a run its arm, its seed, and the experiment's."""


class IdsView(View):
    items: list[IdView]
    """The newest first."""


class DifferencesView(View):
    fields: list[ArmDifference]
    """Each with a value for every arm of every experiment, which is called `EXPERIMENT/ARM`."""
