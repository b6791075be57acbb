"""The multiple negatives ranking loss: cross-entropy of picking the positive out of its row.

Henderson et al. 2017 (arXiv 1705.00652); `MultipleNegativesRankingLoss` of sentence-transformers,
whose default scale is 20 too. A collapsed batch of B pairs costs log B a row.
"""

import torch
from torch import Tensor

from models.specs.terms import MultipleNegatives
from worker.training.losses.batch import Batch


def multiple_negatives(term: MultipleNegatives, batch: Batch) -> Tensor:
    """-log(exp(c s_ap) / (exp(c s_ap) + sum exp(c s_an))) for each row, c the scale: (B,)."""
    positive = batch.similarities.diagonal()
    kept = batch.similarities.masked_fill(batch.excluded, -torch.inf).diagonal_scatter(positive)
    own = torch.arange(len(kept), device=kept.device)
    return torch.nn.functional.cross_entropy(term.scale * kept, own, reduction="none")
