"""The bag of words: a question is the mean of its embeddings, without any layer above them."""

from torch import Tensor

from worker.training.encoders.encoder import PackedEncoder
from worker.training.encoders.packing import Packed


class BagMeanEncoder(PackedEncoder):
    """The mean over a question's embeddings."""

    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        total = embedded.new_zeros(packed.sizes[0], embedded.shape[1])
        return total.index_add(0, packed.owner, embedded.index_select(0, packed.index))
