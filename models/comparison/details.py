"""The figures beside the tests, gathered: `models.comparison.compare` loads scipy.stats in one
line."""

from models.comparison.bca_bootstrap import bca_bootstrap
from models.comparison.pairing_gain import value_of_pairing
from models.comparison.power import power_figures
from models.comparison.summaries import summarise
from models.comparison.superiority import superiority

__all__ = ["bca_bootstrap", "power_figures", "summarise", "superiority", "value_of_pairing"]
