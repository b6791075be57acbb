"""One run as PyTorch's own layers do it, to measure against on a GPU.

`nn.LSTM` over packed questions, which cuDNN computes with one call each way, and AdamW fused. The
rows, the loss and the learning rate are the service's own. `plain_port.py` is what a CPU has.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from models.specs.experiment import ExperimentSpec
from models.specs.training import AdamSpec, LstmEncoder
from worker.training.batches import batch_rows
from worker.training.data import Int64, RunData, pair_questions
from worker.training.losses.batch import batch_of
from worker.training.losses.terms import batch_loss
from worker.training.schedules import learning_rate


class CudnnTraining:
    """A run of the first arm under seed 0, with initial weights of PyTorch's own."""

    def __init__(self, spec: ExperimentSpec, data: RunData, device: str) -> None:
        self.spec, self.data, self.device, self.step = spec, data, device, 0
        self.loss = spec.arms[0].loss
        encoder, optimizer = spec.encoder, spec.optimizer
        assert isinstance(encoder, LstmEncoder)
        assert isinstance(optimizer, AdamSpec)
        self.embedding = nn.Embedding(data.vocabulary_size, encoder.embedding_dim).to(device)
        self.lstm = nn.LSTM(encoder.embedding_dim, encoder.hidden_dim).to(device)
        parameters = [*self.embedding.parameters(), *self.lstm.parameters()]
        self.adam = torch.optim.AdamW(parameters, eps=optimizer.eps, fused=True)

    def vectors(self, rows: Int64) -> Tensor:
        questions = pair_questions(self.data, rows)
        lengths = torch.from_numpy(questions.lengths)
        ids = pad_sequence(list(torch.from_numpy(questions.ids).split(lengths.tolist())))
        embedded = self.embedding(ids.to(self.device))
        packed = pack_padded_sequence(embedded, lengths, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.lstm(packed)[0])
        mean = outputs.sum(dim=0) / lengths.to(self.device)[:, None]
        return nn.functional.normalize(mean, dim=1)

    def advance(self) -> None:
        self.step += 1
        rows = batch_rows(self.data.train, 0, self.step, self.spec.batch_size)
        loss = batch_loss(self.loss, batch_of(*self.vectors(rows).chunk(2)))
        loss.backward()
        self.adam.param_groups[0]["lr"] = learning_rate(
            self.spec.optimizer, self.step, self.spec.steps
        )
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        loss.item()  # it is logged
