"""The figures beside the tests, gathered: `models.comparison` loads scipy.stats in one line."""

from models.evidence.pairing import value_of_pairing
from models.evidence.power import power_figures
from models.evidence.resampling import bca_bootstrap
from models.evidence.summaries import summarise
from models.evidence.superiority import superiority

__all__ = ["bca_bootstrap", "power_figures", "summarise", "superiority", "value_of_pairing"]
