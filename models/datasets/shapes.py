"""The shapes that the rows of a file may have, and what each becomes: pairs, all of them.

Why pairs: a batch is made of pairs that belong together, and a test of pairs that do or do not. So
a triplet is stored as the pair of its anchor and positive, followed by one pair of the other label
for each negative; its number keeps them together. A scored pair keeps its score, beside the label
that follows from it.
"""

from typing import Literal, get_args

Shape = Literal["labelled_pairs", "positive_pairs", "triplets", "scored_pairs"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
SHAPE_WORDS: dict[Shape, str] = {
    "labelled_pairs": "pairs with a label",
    "positive_pairs": "pairs that belong together",
    "triplets": "triplets",
    "scored_pairs": "pairs with a score",
}
