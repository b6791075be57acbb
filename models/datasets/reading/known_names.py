"""Names of columns as published data sets have them, and what they say of the rows.

Read without regard to case: Quora's own file and GLUE's (`question1`, `is_duplicate`), GLUE's other
pair tasks (`sentence1`), MRPC as Microsoft published it (`#1 String`, `Quality`), SICK
(`sentence_A`, `relatedness_score`), SNLI (`gold_label`), and the data sets of
sentence-transformers (`anchor`, `positive`, `negative`, `query`, `answer`).
"""

import re

TEXTS = (
    ("question1", "question2"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("text1", "text2"),
    ("#1 string", "#2 string"),
    ("premise", "hypothesis"),
    ("anchor", "positive"),
    ("query", "positive"),
    ("query", "answer"),
    ("query", "document"),
    ("query", "passage"),
    ("question", "answer"),
)
"""The two texts of a pair."""
BELONG_TOGETHER = frozenset(pair for pair in TEXTS if pair[0] in ("anchor", "query", "question"))
"""Those whose names alone say that the two belong together."""
LABELS = ("is_duplicate", "label", "gold_label", "quality")
SCORES = ("score", "similarity", "similarity_score", "relatedness_score")
NEGATIVE = re.compile(r"(?:hard_)?neg(?:ative)?(?:_?[0-9]{1,3})?")


def known(name: str) -> str:
    """The name as the lists here have it."""
    return name.strip().lower()
