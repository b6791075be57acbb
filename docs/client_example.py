"""A notebook's worth of Tripletlab from Python; each `# %%` is a cell.

    curl -O localhost:8000/client/tripletlab.py      # the client: one file, which needs httpx
    python client_example.py                         # TRIPLETLAB_URL and TRIPLETLAB_KEY say where

The frames need pandas. On one CPU core it takes about a minute.
"""

import tempfile
from pathlib import Path

from tripletlab import Client, Invalid, compare, print_progress

# %% Who answers, and what may be asked
lab = Client()
for name, about in zip(*(lab.recipes()[column] for column in ("name", "about")), strict=True):
    print(f"{name}: {about}")

# %% A data set of one's own: any file with two questions and a label a row
folder = Path(tempfile.mkdtemp())
noun = ["rice", "tea", "bread", "soup", "pasta", "beans", "jam", "cake"]
rows = ["first,second,same"]
for number in range(800):
    one, other = noun[number % 8], noun[number * 3 % 8]
    rows.append(
        f"How do I cook {one} {number}?,What is the way to cook {other} {number}?,{+(one == other)}"
    )
(folder / "kitchen.csv").write_text("\n".join(rows) + "\n")
mine = lab.upload(
    folder / "kitchen.csv", "kitchen", question1="first", question2="second", label="same"
)
print(f"{mine.name}: {mine.rows} pairs, {mine.duplicates} of them duplicates")

# %% The question: two arms that differ in the loss alone
spec = {
    "name": "Does leaving out harder negatives help in the kitchen?",
    "dataset": "kitchen",
    "split": {"kind": "in_order", "train_rows": 600, "test_rows": 200},
    "encoder": {"kind": "lstm", "embedding_dim": 16, "hidden_dim": 16},
    "batch_size": 16,
    "steps": 60,
    "evaluate_every": 20,
    "validation_batches": 1,
    "arms": [
        {"name": "vanilla", "loss": {"terms": [
            {"kind": "closest_negative", "among": "not_harder_than_positive"}]}},
        {"name": "modified", "loss": {"terms": [{"kind": "closest_negative", "among": "all"}]}},
    ],
    "seeds": {"count": 2},
    "decision": {"metric": "test.accuracy", "baseline": "vanilla"},
}  # fmt: skip
try:
    lab.dry_run(spec | {"batch_size": 1})
except Invalid as refused:  # what is wrong is said at the field
    print(refused.errors)
plan = lab.dry_run(spec)
print(f"{plan.runs} runs, about {plan.estimated_seconds:.0f} s: {plan.estimate}")

# %% Ask it; the idempotency key makes it safe to run this cell again
asked = lab.submit(spec, idempotency_key="kitchen-1")
lab.wait(asked, print_progress)

# %% The answer
results = lab.results(asked)
print(results.sentence)
(decision,) = results.decisions
print(decision.verdict, decision.mean_difference, decision.interval)
print(decision.pairs.frame())

# %% Figures as frames
runs = results.runs.frame()
print(runs.groupby("arm")["test.accuracy"].describe())
print(results.curves.frame().pivot(index="step", columns=["arm", "seed"], values="validation.loss"))
first = results.runs["run"][0]
steps = lab.steps(first, max_points=20).frame()
print(steps[["step", "loss_per_row", "s_ap_mean", "s_an_mean", "gradient_norm"]])

# %% One trained network: ask it, and take it along
for answer in lab.predict(first, [("How do I cook rice?", "What is the way to cook rice?")]):
    print(f"{answer.similarity:.3f}", "duplicate" if answer.duplicate else "different")
print(lab.weights(first, folder / "weights.safetensors"))

# %% Another pair of arms, also of different experiments
again = lab.compare(f"{asked.id}/modified", f"{asked.id}/vanilla", metric="test.roc_auc")
print(again.sentence)

# %% Runs that were trained elsewhere: seed -> value of each arm
elsewhere = compare(
    {0: 0.731, 1: 0.735, 2: 0.729, 3: 0.738, 4: 0.733, 5: 0.736},
    {0: 0.722, 1: 0.727, 2: 0.724, 3: 0.726, 4: 0.725, 5: 0.729},
    metric="accuracy",
    margin=0.005,
)
print(elsewhere.verdict, elsewhere.document["declared_by"])
lab.close()
