"""Tokens: near NLTK's, the same however they are computed, cached once and mapped by all."""

import multiprocessing
import re
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.datasets import tokenstream
from models.datasets.cache import load, open_labels, open_split, open_texts, open_tokens, store
from models.datasets.generated.generator import generate_pairs
from models.datasets.groups import duplicate_groups
from models.datasets.pairs import Pairs, content_hash, make_pairs
from models.datasets.profile import profile
from models.datasets.ragged import cut, offsets_of
from models.datasets.tokenizer import TOKENIZER_KINDS, TokenizerKind, tokenize
from models.datasets.tokenstream import token_stream
from models.datasets.vocabulary import PAD, UNKNOWN, build_vocabulary

EXAMPLES = {
    "What is it?": "What is it ?",
    "I don't know, it's Bob's.": "I do n't know , it 's Bob 's .",
    "DON'T we'll can't cannot gonna": "DO N'T we 'll ca n't can not gon na",
    "1,000 or 3.5, at 10:30": "1,000 or 3.5 , at 10:30",
    "a well-known and/or O'Brien": "a well-known and/or O'Brien",
    "the U.S. and U.S.A, e.g. this...": "the U.S. and U.S.A , e.g. this ...",
    "$100 (50%) #1 a@b": "$ 100 ( 50 % ) # 1 a @ b",
    "'quoted' \"too\" -- so": "' quoted ' \" too \" -- so",
    "C++ x^2=4": "C + + x ^ 2 = 4",
    "हिन्दी में naïve日本": "हिन्दी में naïve日本",
    " \t\n ": "",
    "": "",
}
pieces = st.sampled_from(list("aB3.,'-/:?\"_ \n\u2003é²") + ["n't", "'s", "can", "not", "U.S."])
texts = st.lists(pieces, max_size=14).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)


@pytest.mark.parametrize(("text", "tokens"), EXAMPLES.items())
def test_words_and_punctuation_come_apart_as_in_the_course(text: str, tokens: str) -> None:
    assert tokenize(text, "word") == tokens.split()
    assert tokenize(text, "lower") == tokens.lower().split()


@given(text=texts, kind=st.sampled_from(["word", "characters"]))
def test_tokens_are_the_text_without_its_white_space(text: str, kind: TokenizerKind) -> None:
    tokens = tokenize(text, kind)
    assert "".join(tokens) == "".join(text.split())
    assert all(tokens)
    if kind == "characters":
        assert {len(token) for token in tokens} <= {1}


def test_each_kind_is_stored_apart_and_words_where_they_were(tmp_path: Path) -> None:
    store(make_pairs(["怎样修理"], ["如何 修"], [1]), tmp_path / "set")
    words, characters = (open_tokens(tmp_path / "set", kind) for kind in ("word", "characters"))
    assert words.vocabulary == ["怎样修理", "如何", "修"]
    assert characters.vocabulary == list("怎样修理如何")
    assert characters.question(0, 1).tolist() == [4, 5, 2]
    assert words.folder.name == "tokens-word-f2e4058f8c34"  # of data sets that are there


@given(left=texts, right=texts)
def test_no_token_depends_on_what_stands_beyond_white_space(left: str, right: str) -> None:
    assert tokenize(f"{left} {right}", "word") == tokenize(left, "word") + tokenize(right, "word")


def test_arrow_and_the_expression_agree_on_what_white_space_is() -> None:
    every = [chr(code) for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000]
    spaces = [character for character in every if re.match(r"\s", character)]
    assert "".join(spaces).split() == []
    text = "x".join(every)
    stream = token_stream(make_pairs([text], [""], [0]), "word")
    assert [stream.vocabulary[i] for i in stream.ids] == tokenize(text, "word")


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=8),
    kind=st.sampled_from(TOKENIZER_KINDS),
)
def test_the_fast_stream_equals_tokenising_question_by_question(
    rows: list[tuple[str, str]], kind: TokenizerKind
) -> None:
    pairs = make_pairs([a for a, _ in rows], [b for _, b in rows], [0] * len(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenstream, "BLOCK", 3)  # several of them
        stream = token_stream(pairs, kind)
    numbers: dict[str, int] = {}
    questions = [tokenize(text, kind) for row in rows for text in row]
    ids = [[numbers.setdefault(word, len(numbers)) for word in words] for words in questions]
    assert stream.vocabulary == list(numbers)
    assert stream.ids.dtype == np.int32
    assert [part.tolist() for part in np.split(stream.ids, stream.offsets[1:-1])] == ids


def test_a_stored_data_set_is_read_back_as_it_was(tmp_path: Path) -> None:
    pairs = make_pairs(["a\nb", "c", ""], ["d", "é\u2028", "g"], [1, 0, 1], [0, 1, 2])
    folder = tmp_path / "sets" / "mine"
    store(pairs, folder)
    assert content_hash(load(folder)) == content_hash(pairs)
    assert sorted(file.name for file in folder.iterdir()) == [
        "hashes.json",
        "labels.npy",
        "pairs.parquet",
        "split.npy",
    ]
    assert not open_labels(folder).flags.writeable
    split = open_split(folder)
    assert split is not None
    assert split.tolist() == [0, 1, 2]
    assert [path.name for path in (tmp_path / "sets").iterdir()] == ["mine"]


def test_texts_are_found_by_row_across_row_groups(tmp_path: Path) -> None:
    pairs = generate_pairs(17_000, seed=1)
    store(pairs, tmp_path / "set")
    rows = [16_999, 0, 16_383, 16_384, 0]
    found = open_texts(tmp_path / "set").rows(rows)
    assert found == [(pairs.question1[r].as_py(), pairs.question2[r].as_py()) for r in rows]
    for outside in (-1, 17_000):
        with pytest.raises(IndexError, match="0 to 16999"):
            open_texts(tmp_path / "set").rows([outside])


def test_storing_twice_keeps_the_first(tmp_path: Path) -> None:
    first = make_pairs(["a"], ["b"], [1])
    store(first, tmp_path / "set")
    store(make_pairs(["x"], ["y"], [0]), tmp_path / "set")
    assert content_hash(load(tmp_path / "set")) == content_hash(first)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_failed_store_leaves_nothing(tmp_path: Path) -> None:
    good = make_pairs(["a"], ["b"], [1])
    broken = Pairs(good.question1, make_pairs(["a"] * 2, ["b"] * 2, [1, 1]).question2, good.label)
    with pytest.raises(ValueError, match="length"):
        store(broken, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_tokens_are_built_once_and_mapped_read_only(tmp_path: Path) -> None:
    store(make_pairs(["It's a"], ["a b"], [1]), tmp_path / "set")
    tokens = open_tokens(tmp_path / "set", "word")
    assert tokens.vocabulary == ["It", "'s", "a", "b"]
    assert tokens.question(0, 0).tolist() == [0, 1, 2]
    assert tokens.question(0, 1).tolist() == [2, 3]
    assert tokens.lengths().tolist() == [3, 2]
    assert isinstance(tokens.ids, np.memmap)
    assert not tokens.ids.flags.writeable
    built = (tokens.folder / "ids.npy").stat().st_ino
    open_tokens(tmp_path / "set", "word")
    assert (tokens.folder / "ids.npy").stat().st_ino == built
    assert open_tokens(tmp_path / "set", "lower").vocabulary == ["it", "'s", "a", "b"]


def test_tokens_of_another_version_of_the_tokenizer_are_not_read(tmp_path: Path) -> None:
    store(make_pairs(["It's a"], ["a b"], [1]), tmp_path / "set")
    for name in ("tokens-word", "tokens-word-0123456789ab"):
        old = tmp_path / "set" / name
        old.mkdir()
        np.save(old / "ids.npy", np.array([0, 0], dtype=np.int32))
        np.save(old / "offsets.npy", np.array([0, 1, 2], dtype=np.int64))
        (old / "vocabulary.txt").write_text("It's\n")
    assert open_tokens(tmp_path / "set", "word").vocabulary == ["It", "'s", "a", "b"]
    assert (tmp_path / "set" / "tokens-word" / "ids.npy").exists(), "its version may read it"


def test_a_data_set_of_empty_texts_has_no_tokens(tmp_path: Path) -> None:
    pairs = make_pairs(["", ""], ["", ""], [1, 0])
    store(pairs, tmp_path / "set")
    tokens = open_tokens(tmp_path / "set", "word")
    assert tokens.vocabulary == []
    assert tokens.question(1, 1).tolist() == []
    assert profile(pairs, tokens, duplicate_groups(pairs)).empty_texts == 4


def _open(folder: Path, gate: Barrier) -> None:
    gate.wait()
    assert len(open_tokens(folder, "word").offsets) == 2 * 2000 + 1


def test_two_processes_may_build_the_tokens_at_once(tmp_path: Path) -> None:
    store(generate_pairs(2000), tmp_path / "set")
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(3)
    workers = [context.Process(target=_open, args=(tmp_path / "set", gate)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert not list((tmp_path / "set").glob(".*"))


def test_the_profile_counts_what_it_says(tmp_path: Path) -> None:
    pairs = make_pairs(["a b c", "", "a"], ["a", " ", "d e f g"], [1, 0, 1])
    store(pairs, tmp_path / "set")
    found = profile(pairs, open_tokens(tmp_path / "set", "word"), duplicate_groups(pairs))
    assert (found.rows, found.duplicates, found.duplicate_share) == (3, 2, 2 / 3)
    assert (found.empty_texts, found.distinct_texts, found.vocabulary_size) == (2, 5, 7)
    assert (found.token_length_mean, found.token_length_median) == (9 / 6, 1.0)
    assert found.token_length_max == 4
    assert found.token_length_p99 == pytest.approx(np.percentile([3, 1, 0, 0, 1, 4], 99))


def slow_vocabulary(
    questions: list[list[int]], min_count: int, max_size: int | None
) -> dict[int, int]:
    counts: dict[int, int] = {}
    for words in questions:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    kept = [word for word, count in counts.items() if count >= min_count]
    if max_size is not None:
        frequent = sorted(kept, key=lambda word: -counts[word])[:max_size]
        kept = [word for word in kept if word in frequent]
    return {word: PAD + 1 + place for place, word in enumerate(kept)}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.integers(0, 199), max_size=30),
    min_count=st.integers(1, 4),
    max_size=st.none() | st.integers(1, 60),
)
def test_a_vocabulary_equals_the_slow_obvious_one(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[int],
    min_count: int,
    max_size: int | None,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "vocabulary"
    if not folder.exists():
        store(generate_pairs(200), folder)
    tokens = open_tokens(folder, "word")
    remap, size = build_vocabulary(tokens, np.array(rows, dtype=np.int64), min_count, max_size)
    questions = [tokens.question(row, side).tolist() for row in rows for side in (0, 1)]
    expected = slow_vocabulary(questions, min_count, max_size)
    assert remap.dtype == np.int32
    assert remap.tolist() == [expected.get(w, UNKNOWN) for w in range(len(tokens.vocabulary))]
    assert size == len(expected) + 2


def test_a_vocabulary_limit_below_one_is_refused(tmp_path: Path) -> None:
    store(generate_pairs(10), tmp_path / "set")
    tokens = open_tokens(tmp_path / "set", "word")
    with pytest.raises(ValueError, match="1 or more"):
        build_vocabulary(tokens, np.arange(10), max_size=0)


@given(
    lengths=st.lists(st.integers(0, 6), max_size=8),
    most=st.integers(1, 7),
)
def test_lists_are_cut_to_their_first_tokens(lengths: list[int], most: int) -> None:
    lists = [[10 * n + k for k in range(length)] for n, length in enumerate(lengths)]
    flat = np.array([value for one in lists for value in one], dtype=np.int32)
    offsets = offsets_of(np.array(lengths, dtype=np.int64))
    ids, ends = cut(flat, offsets, most)
    found = [ids[ends[n] : ends[n + 1]].tolist() for n in range(len(lists))]
    assert found == [one[:most] for one in lists]
    if all(length <= most for length in lengths):
        assert ids is flat
