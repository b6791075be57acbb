"""Use the weights of a run without Tripletlab: torch and safetensors are all that is needed.

    curl -o weights.safetensors localhost:8000/v1/runs/run_…/weights
    python use_weights.py weights.safetensors "How do I cook rice?" "How is rice cooked?"

prints how similar the two are, from -1 to 1, and whether the run calls them duplicates.
"""

import json
import re
import sys

import torch
from safetensors import safe_open


class Model:
    def __init__(self, path):
        with safe_open(path, "pt") as file:
            self.about = json.loads(file.metadata()["tripletlab"])
            weights = {name: file.get_tensor(name) for name in file.keys()}
        words = bytes(weights["vocabulary"].tolist()).decode().split("\n")
        self.ids = {word: index for index, word in enumerate(words, start=2)}
        self.embedding, self.lstm = weights["embedding"], None
        if self.about["encoder"]["kind"] == "lstm":
            hidden, bias = weights["weight_hh"].shape[1], weights["bias"]
            self.lstm = torch.nn.LSTM(self.embedding.shape[1], hidden)
            matrices = {"weight_ih_l0": weights["weight_ih"], "weight_hh_l0": weights["weight_hh"]}
            biases = {"bias_ih_l0": bias, "bias_hh_l0": torch.zeros_like(bias)}
            self.lstm.load_state_dict({**matrices, **biases})

    def tokens(self, text):
        found = re.findall(self.about["token_pattern"], text)
        found = [token.lower() for token in found] if self.about["tokenizer"] == "lower" else found
        return [self.ids.get(token, 0) for token in found] or [1]  # 0: unknown, 1: padding

    def vector(self, ids):
        outputs = self.embedding[ids] if self.lstm is None else self.lstm(self.embedding[ids])[0]
        return torch.nn.functional.normalize(outputs.mean(dim=0), dim=0)

    @torch.no_grad()
    def similarity(self, first, second):
        questions = [self.tokens(first), self.tokens(second)]
        if self.about["encoder"]["padding"] == "power_of_two":  # then the padding is read too
            width = 1 << (max(map(len, questions)) - 1).bit_length()
            questions = [ids + [1] * (width - len(ids)) for ids in questions]
        return float(self.vector(questions[0]) @ self.vector(questions[1]))


if __name__ == "__main__":
    model = Model(sys.argv[1])
    assert model.about["encoder"]["kind"] in ("bag", "lstm"), "this example knows bag and lstm"
    found = model.similarity(*sys.argv[2:4])
    print(f"{found:.4f}", "duplicate" if found > model.about["threshold"] else "different")
