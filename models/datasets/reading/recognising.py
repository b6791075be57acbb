"""From a header and what the sender says of it to the columns that are read."""

from collections.abc import Sequence

from models.datasets.errors import DatasetFileError
from models.datasets.reading import known_names
from models.datasets.reading.cells import listed
from models.datasets.reading.columns import ColumnMapping, Columns
from models.datasets.reading.known_names import known
from models.datasets.reading.label_values import LabelValues
from models.datasets.shapes import Shape

TEXTS, LABEL = ("question1", "question2"), "is_duplicate"  # asked for where nothing is known


def recognised(said: ColumnMapping, header: Sequence[str], filename: str) -> Columns:
    """The columns of a file with this header; names that are nowhere known are those of Quora's
    file, which `find_columns` then misses.

    Raises DatasetFileError, with the field that decides, where the names leave a choice.
    """
    free = [name for name in header if name.strip() and name.strip() not in said.names()]
    first, second = _texts(said, free, filename)
    labels = [name for one in known_names.LABELS for name in free if known(name) == one]
    scores = [name for one in known_names.SCORES for name in free if known(name) == one]
    negatives = [name for name in free if known_names.NEGATIVE.fullmatch(known(name))]
    shape = said.said_shape() or _shape(first, second, labels, scores, negatives, filename)
    label, score, others = said.label, said.score, said.negatives
    match shape:
        case "labelled_pairs":
            label = label or _only("label", labels, filename) or LABEL
        case "scored_pairs":
            score = score or _only("score", scores, filename) or known_names.SCORES[0]
        case "triplets":
            others = others or tuple(negatives) or ("negative",)
    if shape == "scored_pairs" and said.duplicate_from is None:
        raise DatasetFileError(
            f"The pairs of {filename} have a score, and training needs to know which of them "
            "belong together: set `duplicate_from` to the score from which on they do, such as 4 "
            "where scores go from 0 to 5.",
            field="duplicate_from",
        )
    return Columns(
        shape, first, second, others, label, score, said.split,
        said.labels or LabelValues(), said.duplicate_from or 0.0,
    )  # fmt: skip


def _texts(said: ColumnMapping, free: Sequence[str], filename: str) -> tuple[str, str]:
    """The columns of the two texts; one that the sender names decides which pair is meant."""
    if said.question1 is not None and said.question2 is not None:
        return said.question1, said.question2
    spelled = {known(name): name for name in reversed(free)}
    found = [pair for pair in known_names.TEXTS if set(pair) <= spelled.keys()]
    if said.question1 is not None or said.question2 is not None:
        given = 0 if said.question1 is not None else 1
        name = said.question1 or said.question2 or ""
        of_name = [p for p in known_names.TEXTS if p[given] == known(name)] or found
        others = [spelled[p[1 - given]] for p in of_name if p[1 - given] in spelled]
        other = others[0] if others else TEXTS[1 - given]
        return (name, other) if given == 0 else (other, name)
    if len(found) > 1 and found[0] != TEXTS:
        names = listed([spelled[name] for name in dict.fromkeys(n for pair in found for n in pair)])
        raise DatasetFileError(
            f"{filename} has more than two columns that may be the texts of a pair: {names}. Set "
            "`question1` and `question2` to those that are meant.",
            field="question1",
        )
    return (spelled[found[0][0]], spelled[found[0][1]]) if found else TEXTS


def _shape(
    first: str,
    second: str,
    labels: Sequence[str],
    scores: Sequence[str],
    negatives: Sequence[str],
    filename: str,
) -> Shape:
    found: dict[Shape, Sequence[str]] = {
        "labelled_pairs": labels,
        "scored_pairs": scores,
        "triplets": negatives,
    }
    kinds = [shape for shape, names in found.items() if names]
    if len(kinds) > 1 and known(labels[0] if labels else "") != LABEL:
        names = listed([found[kind][0] for kind in kinds])
        raise DatasetFileError(
            f"The columns {names} of {filename} each make another shape of its rows. Set `shape` "
            f"to {' or '.join(kinds)}.",
            field="shape",
        )
    if kinds:
        return kinds[0]
    belong = (known(first), known(second)) in known_names.BELONG_TOGETHER
    return "positive_pairs" if belong else "labelled_pairs"


def _only(field: str, names: Sequence[str], filename: str) -> str | None:
    """The only column of these; None where there is none. Quora's is_duplicate is always meant."""
    if len(names) > 1 and known(names[0]) != LABEL:
        raise DatasetFileError(
            f"{filename} has more than one column that may be the {field}: {listed(names)}. Set "
            f"`{field}` to the one that is meant.",
            field=field,
        )
    return names[0] if names else None
