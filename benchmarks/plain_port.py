"""The training step as someone would port the course's notebook to PyTorch, to measure against.

`nn.Embedding`, `nn.LSTM` over questions padded to a power of two, one pass for each side, the loss
written out over the B x B scores, Adam without fusion, Python lists into tensors. Nothing is done
slowly on purpose; it is what the library's own examples do. The arithmetic is that of the service,
so that its figures are the same up to rounding (`tests/unit/training/test_plain_port.py`).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.specs.training import AdamSpec
from worker.training.encoders.initial import Weights

PAD = 1
Questions = Sequence[Sequence[int]]


class PlainPort(nn.Module):
    """Token ids of questions to unit vectors; `masked` averages over real tokens only."""

    def __init__(self, weights: Weights, *, masked: bool) -> None:
        super().__init__()
        self.masked = masked
        loaded = {name: torch.tensor(values) for name, values in weights.items()}
        size, width = loaded["embedding"].shape
        self.embedding = nn.Embedding(size, width)
        self.lstm = nn.LSTM(width, loaded["weight_hh"].shape[1], batch_first=True)
        # torch keeps two biases that act as their sum; the second stays at zero here
        own = dict(self.lstm.named_parameters())
        own["bias_hh_l0"].requires_grad_(False).zero_()
        with torch.no_grad():
            self.embedding.weight.copy_(loaded["embedding"])
            own["weight_ih_l0"].copy_(loaded["weight_ih"])
            own["weight_hh_l0"].copy_(loaded["weight_hh"])
            own["bias_ih_l0"].copy_(loaded["bias"])

    def forward(self, questions: Questions, width: int) -> Tensor:
        ids = torch.tensor([[*q, *[PAD] * (width - len(q))] for q in questions])
        outputs, _ = self.lstm(self.embedding(ids))
        if self.masked:
            lengths = torch.tensor([len(q) for q in questions])
            real = torch.arange(width) < lengths[:, None]
            vectors = (outputs * real[:, :, None]).sum(dim=1) / lengths[:, None]
        else:
            vectors = outputs.mean(dim=1)
        return nn.functional.normalize(vectors, dim=1)


def course_loss(first: Tensor, second: Tensor, margin: float, *, mask_harder: bool) -> Tensor:
    """The notebook's two hinges, summed over the batch of unit vectors (B, D)."""
    scores = first @ second.t()
    positive, own = scores.diagonal(), torch.eye(len(scores))
    mean_negative = (scores * (1 - own)).sum(dim=1) / (len(scores) - 1)
    left_out = own
    if mask_harder:
        left_out = own + ((scores > positive[:, None]) & (own == 0)).float()
    closest_negative = (scores - 2 * left_out).max(dim=1).values
    of_mean = torch.relu(margin - positive + mean_negative)
    of_closest = torch.relu(margin - positive + closest_negative)
    return (of_mean + of_closest).sum()


class PlainTraining:
    """A `PlainPort` and its Adam, a step at a time."""

    def __init__(
        self, weights: Weights, adam: AdamSpec, *, masked: bool, margin: float, mask_harder: bool
    ) -> None:
        self.network = PlainPort(weights, masked=masked)
        self.trained = [p for p in self.network.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(
            self.trained, lr=adam.lr, eps=adam.eps, foreach=False, fused=False
        )
        self.shrink, self.margin, self.mask_harder = adam.weight_shrink, margin, mask_harder

    def advance(self, first: Questions, second: Questions, lr: float) -> float:
        """One step; returns the loss."""
        longest = max(len(q) for q in (*first, *second))
        width = 1 << (longest - 1).bit_length()
        vectors = self.network(first, width), self.network(second, width)
        loss = course_loss(*vectors, self.margin, mask_harder=self.mask_harder)
        self.adam.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in self.trained:
                parameter.mul_(1 - self.shrink)
        self.adam.param_groups[0]["lr"] = lr
        self.adam.step()
        return loss.item()
