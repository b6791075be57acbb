#!/usr/bin/env bash
# ranx ranks documents of equal scores in the order in which a run names them.
#
# A good guess: metrics of a run follow from its scores and the judgements, so a run that gives the
# same score to every document has one nDCG and one reciprocal rank, whatever the order of its
# dictionary; pytrec_eval, to which ranx compares itself, breaks ties by the documents' names.
# Seen: with ranx 0.3.21 six documents of one score have an nDCG@10 of 1.0 and a reciprocal rank of
# 1.0 where the run names the relevant one first, and 0.3562 and 0.1667 where it names it last.
# pytrec_eval-terrier 0.5.11 gives both runs the same values. A run is often built from a list in
# which the relevant documents come first, as when candidates are the positives and then sampled
# negatives: a collapsed model, all of whose scores are equal, is then perfect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ranx==0.3.21 pytrec_eval-terrier==0.5.11

cat > look.py <<'PYTHON'
from importlib.metadata import version

import pytrec_eval
from ranx import Qrels, Run, evaluate

DOCUMENTS = ["d1", "d2", "d3", "d4", "d5", "d6"]
JUDGED = {"q": {"d1": 1}}
RUNS = {
    "relevant named first": {"q": dict.fromkeys(DOCUMENTS, 0.5)},
    "relevant named last": {"q": dict.fromkeys(reversed(DOCUMENTS), 0.5)},
}

print("ranx", version("ranx"), "pytrec_eval-terrier", version("pytrec_eval-terrier"))
seen = {}
for name, run in RUNS.items():
    assert run == RUNS["relevant named first"]  # as dictionaries they are equal
    ours = evaluate(Qrels(JUDGED), Run(run), ["ndcg@10", "mrr"])
    trec = pytrec_eval.RelevanceEvaluator(JUDGED, {"ndcg_cut.10", "recip_rank"}).evaluate(run)["q"]
    seen[name] = (
        round(float(ours["ndcg@10"]), 4),
        round(float(ours["mrr"]), 4),
        round(trec["ndcg_cut_10"], 4),
        round(trec["recip_rank"], 4),
    )
    print(f"{name}: ranx nDCG@10 {seen[name][0]}, MRR {seen[name][1]}; "
          f"pytrec_eval nDCG@10 {seen[name][2]}, MRR {seen[name][3]}")
first, last = seen["relevant named first"], seen["relevant named last"]
assert first[:2] == (1.0, 1.0), first
assert last[:2] == (0.3562, 0.1667), last
assert first[2:] == last[2:], seen
PYTHON
venv/bin/python -W ignore look.py
