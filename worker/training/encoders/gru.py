"""A GRU over packed questions that returns, for each, the sum of its outputs over time.

As for the LSTM, a time step is one matrix product over the questions that still have a token, and
the input projection is done once for each distinct token. The cell is that of `torch.nn.GRU`
(Cho et al. 2014 with the reset gate after the product), gates in the order r, z, n:

    r, z = sigmoid(x W_ir + h W_hr + b_r), sigmoid(x W_iz + h W_hz + b_z)
    n = tanh(x W_in + b_n + r (h W_hn + b_hn))
    h' = n + z (h - n)

Of PyTorch's two biases only the sum acts in r and z, so there is one; n has both.
"""

import torch
from torch import Tensor

from worker.training.encoders.encoder import PackedEncoder
from worker.training.encoders.packing import Packed


class GruMeanEncoder(PackedEncoder):
    """The mean over time of a GRU's outputs."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    bias_hn: Tensor

    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        weights = (self.weight_ih, self.weight_hh, self.bias, self.bias_hn)
        return gru_sum(embedded, *weights, packed)


def gru_sum(
    embedded: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    bias_hn: Tensor,
    packed: Packed,
) -> Tensor:
    """Sum over time of the GRU's outputs: (Q, H) in the packed order, longest question first.

    `embedded` is (U, D): the embeddings of `packed.distinct`. `weight_ih` is (3H, D),
    `weight_hh` (3H, H), `bias` (3H,), `bias_hn` (H,).
    """
    hidden = weight_hh.shape[1]
    projected = torch.addmm(bias, embedded, weight_ih.t()).index_select(0, packed.index)
    bias_h = torch.cat((bias.new_zeros(2 * hidden), bias_hn))
    h = embedded.new_zeros(packed.sizes[0], hidden)
    outputs = []
    for x in torch.split(projected, list(packed.sizes)):
        h = h[: len(x)]
        x_r, x_z, x_n = x.chunk(3, dim=1)
        h_r, h_z, h_n = torch.addmm(bias_h, h, weight_hh.t()).chunk(3, dim=1)
        n = torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n)
        h = n + torch.sigmoid(x_z + h_z) * (h - n)
        outputs.append(h)
    total = embedded.new_zeros(packed.sizes[0], hidden)
    return total.index_add(0, packed.owner, torch.cat(outputs))
