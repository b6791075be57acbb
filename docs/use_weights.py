"""Use the weights of any run without Tripletlab: torch and safetensors are all that is needed.

    curl -o weights.safetensors localhost:8000/v1/runs/run_…/weights
    python use_weights.py weights.safetensors "How do I cook rice?" "How is rice cooked?"

prints how similar the two are, from -1 to 1, and whether the run calls them duplicates. It reads
every encoder and padding; for the usual one, an LSTM with masked padding, the ten lines in the
docs/taking_along.md are enough.
"""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

Outputs = Callable[[Tensor], Tensor]  # of the embedded tokens of one question


def recurrent(kind: str, weights: dict[str, Tensor]) -> Outputs:
    """An LSTM or GRU of torch. It keeps two biases that act as their sum; the file has one."""
    bias, width, hidden = (
        weights["bias"],
        weights["embedding"].shape[1],
        weights["weight_hh"].shape[1],
    )
    second = torch.zeros_like(bias)
    if kind == "gru":  # but for a GRU's candidate, where the second is multiplied by the reset gate
        second[2 * hidden :] = weights["bias_hn"]
    layer = (nn.GRU if kind == "gru" else nn.LSTM)(width, hidden)
    named = zip(
        layer.state_dict(), (weights["weight_ih"], weights["weight_hh"], bias, second), strict=True
    )
    layer.load_state_dict(dict(named))
    return lambda embedded: layer(embedded)[0]


def transformer(encoder: dict[str, Any], weights: dict[str, Tensor]) -> Outputs:
    """Pre-norm attention layers over embeddings plus sines and cosines of the positions."""
    width, heads, inner = (encoder[name] for name in ("embedding_dim", "heads", "feedforward_dim"))
    layer = nn.TransformerEncoderLayer(width, heads, inner, 0.0, batch_first=True, norm_first=True)
    stack = nn.TransformerEncoder(
        layer, encoder["layers"], nn.LayerNorm(width), enable_nested_tensor=False
    )
    stack.load_state_dict({name: weights[f"stack.{name}"] for name in stack.state_dict()})

    def outputs(embedded: Tensor) -> Tensor:
        rates = 10_000.0 ** (-torch.arange(0, width, 2) / width)
        angles = torch.arange(len(embedded))[:, None] * rates
        places = torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)[:, :width]
        encoded: Tensor = stack((embedded + places)[None])
        return encoded[0]

    return outputs


class Model:
    def __init__(self, path: str) -> None:
        with safe_open(path, "pt") as file:
            self.about = json.loads(file.metadata()["tripletlab"])
            weights = {name: file.get_tensor(name) for name in file.keys()}
        words = bytes(weights["vocabulary"].tolist()).decode().split("\n")
        self.ids = {word: index for index, word in enumerate(words, start=2)}
        self.embedding, encoder = weights["embedding"], self.about["encoder"]
        match encoder["kind"]:
            case "bag":
                self.outputs: Outputs = lambda embedded: embedded
            case "lstm" | "gru" as kind:
                self.outputs = recurrent(kind, weights)
            case "transformer":
                self.outputs = transformer(encoder, weights)

    def tokens(self, text: str) -> list[int]:
        found = re.findall(self.about["token_pattern"], text)
        found = [token.lower() for token in found] if self.about["tokenizer"] == "lower" else found
        return [self.ids.get(token, 0) for token in found] or [1]  # 0: unknown, 1: padding

    def vector(self, ids: list[int]) -> Tensor:
        return nn.functional.normalize(self.outputs(self.embedding[ids]).mean(dim=0), dim=0)

    @torch.no_grad()
    def similarity(self, first: str, second: str) -> float:
        questions = [self.tokens(first), self.tokens(second)]
        if self.about["encoder"]["padding"] == "power_of_two":  # then the padding is read too
            width = 1 << (max(map(len, questions)) - 1).bit_length()
            questions = [ids + [1] * (width - len(ids)) for ids in questions]
        return float(self.vector(questions[0]) @ self.vector(questions[1]))


if __name__ == "__main__":
    model = Model(sys.argv[1])
    found = model.similarity(*sys.argv[2:4])
    print(f"{found:.4f}", "duplicate" if found > model.about["threshold"] else "different")
