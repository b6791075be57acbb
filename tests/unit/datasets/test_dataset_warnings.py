"""What a data set warns of: a text that is far longer than all others, texts without spaces."""

from pathlib import Path

from models.datasets.cache import open_groups, open_tokens, store
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.profile import profile
from models.datasets.profile_warnings import profile_warnings


def warned(pairs: Pairs, folder: Path) -> list[str]:
    store(pairs, folder)
    return profile_warnings(
        profile(pairs, open_tokens(folder, "word", pairs), open_groups(folder, pairs))
    )


def test_questions_as_people_ask_them_have_no_warning(tmp_path: Path) -> None:
    assert warned(generate_pairs(600), tmp_path / "rows") == []


def test_one_text_that_is_far_longer_than_the_others_is_told(tmp_path: Path) -> None:
    first = [f"how do i mend a {n}" for n in range(300)]
    second = [*first[1:], "word " * 4000]
    (sentence,) = warned(make_pairs(first, second, [n % 2 for n in range(300)]), tmp_path / "rows")
    assert sentence.startswith(
        "The longest question has 4,000 tokens, and 99 of 100 have at most 6"
    )


def test_texts_without_spaces_are_told_to_be_one_word_each(tmp_path: Path) -> None:
    first = [f"怎样修理我的{chr(0x4E00 + n)}自行车" for n in range(300)]
    second = [f"如何修好{chr(0x4E00 + n)}一辆自行车" for n in range(300)]
    (sentence,) = warned(make_pairs(first, second, [n % 2 for n in range(300)]), tmp_path / "rows")
    assert sentence.startswith("A question has 1.0 tokens on average, and hardly any occurs twice.")
    spaced, other = ([" ".join(text) for text in side] for side in (first, second))
    labels = [n % 2 for n in range(300)]
    assert warned(make_pairs(spaced, other, labels), tmp_path / "spaced") == []


def test_short_titles_that_share_their_words_are_no_such_texts(tmp_path: Path) -> None:
    colours, things = ["red", "blue", "grey", "tan", "pink"], ["shoe", "hat", "coat", "scarf"]
    titles = [f"{colour} {thing}" for colour in colours for thing in things]
    labels = [n % 2 for n in range(len(titles))]
    assert warned(make_pairs(titles, titles[::-1], labels), tmp_path / "rows") == []


def test_texts_that_are_empty_are_counted_in_a_warning(tmp_path: Path) -> None:
    rows = make_pairs(["a", "b", "c"], ["", " ", "d"], [1, 1, 0])
    (sentence,) = warned(rows, tmp_path / "rows")
    assert sentence.startswith("2 texts are empty or only white space")


def test_rows_of_one_label_alone_are_told(tmp_path: Path) -> None:
    for label in (0, 1):
        rows = make_pairs(["a", "b"], ["c", "d"], [label, label])
        (sentence,) = warned(rows, tmp_path / str(label))
        assert sentence.startswith(f"Every row has the label {label}, so ")
