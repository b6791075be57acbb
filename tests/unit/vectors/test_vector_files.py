"""Files of token vectors: read as slow obvious code reads them, or refused in one sentence."""

import io
import json
import pickle
import struct
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save

from models.vectors import sink, text
from models.vectors.errors import VectorFileError
from models.vectors.file import take_in
from models.vectors.profile import VectorProfile
from models.vectors.stored import FILE, open_stored

from support.vectors import SOME, Vectors, as_binary, as_tensors, as_text, gzipped

TOKENS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=12
)


WRITTEN = st.one_of(
    st.floats(-1e30, 1e30).map(repr),
    st.integers(-(10**9), 10**9).map(str),
    st.sampled_from([".5", "+1e-3", "7.", "1E2", "-.25e+1", "000.10"]),
)


def taken(content: bytes, to: Path, **limits: Any) -> VectorProfile:
    to.mkdir(exist_ok=True)
    return take_in(io.BytesIO(content), to, **{"most_bytes": 1 << 20, **limits})


def read_back(folder: Path) -> dict[str, list[float]]:
    """What the safetensors library finds in the stored file."""
    tensors = load_file(folder / FILE)
    tokens = bytes(tensors["tokens"]).decode().split("\n")
    return dict(zip(tokens, tensors["vectors"].tolist(), strict=True))


def in_single(vectors: Vectors) -> dict[str, list[float]]:
    return {token: [float(np.float32(one)) for one in row] for token, row in vectors.items()}


def refusal(content: bytes, to: Path, **limits: Any) -> str:
    with pytest.raises(VectorFileError) as caught:
        taken(content, to, **limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


FORMS: Mapping[str, Callable[[Vectors], bytes]] = {
    "GloVe": as_text,
    "word2vec text": lambda vectors: as_text(vectors, header=True),
    "ends of lines as word2vec's tool writes them": lambda vectors: as_text(vectors, end=" \n"),
    "ends of lines as Windows has them": lambda vectors: as_text(vectors, end="\r\n"),
    "no end of the last line": lambda vectors: as_text(vectors).rstrip(b"\n"),
    "blank lines at the end": lambda vectors: as_text(vectors) + b"\n \n",
    "word2vec binary": as_binary,
    "word2vec binary as gensim writes it": lambda vectors: as_binary(vectors, b""),
    "safetensors": as_tensors,
    "packed text": lambda vectors: gzipped(as_text(vectors)),
    "packed binary": lambda vectors: gzipped(as_binary(vectors)),
}


@pytest.mark.parametrize("form", FORMS)
def test_one_set_of_vectors_is_stored_the_same_whichever_form_it_came_in(
    form: str, tmp_path: Path
) -> None:
    profile = taken(FORMS[form](SOME), tmp_path / "a")
    assert read_back(tmp_path / "a") == in_single(SOME)
    assert profile == taken(as_text(SOME), tmp_path / "b")
    assert (profile.tokens, profile.dimension, profile.repeated) == (4, 3, 0)
    assert profile.size == (tmp_path / "a" / FILE).stat().st_size
    assert not profile.has_capitals


@given(
    vectors=st.integers(1, 6).flatmap(
        lambda width: st.dictionaries(
            TOKENS,
            st.lists(
                st.floats(allow_nan=False, allow_infinity=False, width=32),
                min_size=width,
                max_size=width,
            ),
            min_size=1,
            max_size=30,
        )
    )
)
@settings(max_examples=60)
def test_any_vectors_are_read_as_python_reads_their_numbers(
    vectors: Vectors, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("read")
    for form in ("word2vec text", "word2vec binary", "safetensors"):
        taken(FORMS[form](vectors), folder)
        assert read_back(folder) == in_single(vectors), form


@given(
    lines=st.lists(
        st.tuples(
            st.lists(TOKENS, min_size=1, max_size=4).map(" ".join),
            st.lists(
                WRITTEN,
                min_size=4,
                max_size=4,
            ),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda line: line[0],
    )
)
@settings(max_examples=60)
def test_numbers_are_counted_from_the_right_since_tokens_hold_spaces(
    lines: list[tuple[str, list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain = [line for line in lines if not any(map(is_number, line[0].split(" ")[1:]))]
    usual = [(f"w{number}", ["1"] * 4) for number in range(len(plain) + 1)]
    every = dict([*usual, *plain])
    content = "".join(" ".join((token, *row)) + "\n" for token, row in every.items())
    folder = tmp_path_factory.mktemp("spaces")
    taken(content.encode(), folder)
    assert read_back(folder) == {
        token: [float(np.float32(float(one))) for one in row] for token, row in every.items()
    }


def is_number(field: str) -> bool:
    return text.NUMBER.fullmatch(field.encode()) is not None


def test_lines_of_the_largest_published_file_are_read_whole(tmp_path: Path) -> None:
    lines = [f"w{number} 0.5 0.25" for number in range(50)]
    odd = [". . . 1.0 2.0", "at name@domain.com 3.0 4.0", ".\u00a0.\u00a0. 5.0 6.0", "\x85 7 8"]
    lines[3:3] = odd
    taken("\n".join(lines).encode(), tmp_path)
    found = read_back(tmp_path)
    assert len(found) == 54
    assert found[". . ."] == [1.0, 2.0]
    assert found["at name@domain.com"] == [3.0, 4.0]
    assert found[".\u00a0.\u00a0."] == [5.0, 6.0]
    assert found["\x85"] == [7.0, 8.0]


def test_a_second_space_behind_the_token_is_no_part_of_it(tmp_path: Path) -> None:
    taken(b"a 1 2\nb  3 4\n", tmp_path)
    assert read_back(tmp_path) == {"a": [1, 2], "b": [3, 4]}


def test_blocks_do_not_matter_wherever_a_line_or_a_token_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = {f"word{number}": (number / 8, -number, 1e-3) for number in range(40)}
    whole = taken(as_text(vectors), tmp_path)
    for size in (1, 7, 64):
        for module in ("text", "binary", "tensors", "stored", "file"):
            monkeypatch.setattr(f"models.vectors.{module}.BLOCK", size)
        for form in ("GloVe", "word2vec text", "word2vec binary", "safetensors", "packed text"):
            assert taken(FORMS[form](vectors), tmp_path) == whole, (form, size)
    assert read_back(tmp_path) == in_single(vectors)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_widths_of_safetensors_are_kept_in_single_precision(
    kind: type[np.floating], tmp_path: Path
) -> None:
    taken(as_tensors(SOME, kind), tmp_path)
    assert read_back(tmp_path) == {
        token: [float(np.float32(kind(one))) for one in row] for token, row in SOME.items()
    }


def test_a_token_that_comes_again_is_left_out_and_many_are_refused(tmp_path: Path) -> None:
    again = as_text(SOME) + b"how 9 9 9\nend 1 2 3\n"
    profile = taken(again, tmp_path)
    assert (profile.tokens, profile.repeated) == (5, 1)
    assert read_back(tmp_path) == in_single({**SOME, "end": (1, 2, 3)})
    said = refusal(again + b"the 1 1 1\n", tmp_path)
    assert said.startswith("2 of 7 tokens come again, the first of them 'how'; each token has one")


def test_rows_are_found_by_words_and_those_that_are_absent_are_told(tmp_path: Path) -> None:
    taken(as_text({**SOME, "naïve word": (1, 2, 3)}), tmp_path)
    stored = open_stored(tmp_path)
    assert stored.find(["rice", "Rice", "naïve word", "the", ""]).tolist() == [2, -1, 4, 0, -1]
    assert stored.vectors[stored.find(["how"])].tolist() == [[1.0, -2.5, 0.0078125]]
    assert taken(as_text({"Ärzte": (1.0,)}), tmp_path).has_capitals


def header(**tensors: Any) -> bytes:
    """A safetensors file with this header, and nothing behind it."""
    content = json.dumps(tensors).encode()
    return len(content).to_bytes(8, "little") + content


EVIL = {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4 * 10**18]}
LONG = "x" * (text.MOST_LINE + 2)

REFUSED: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", "the file is empty"),
    "blank lines": (b"\n\n", "the file has no line of a token"),
    "a header of 10^12 tokens": (b"1000000000000 50\nthe 1 2\n", "claims 1,000,000,000,000 tokens"),
    "no tokens": (b"0 50\n", "claims 0 tokens"),
    "a header of 10^6 numbers": (b"5 1000000\nthe 1\n", "1,000,000 numbers for each token"),
    "more lines than the header": (b"1 2\na 1 2\nb 1 2\n", "says 1 tokens, and the file has 2"),
    "fewer lines than the header": (b"3 2\na 1 2\nb 1 2\n", "it may be cut off"),
    "a line without end": (LONG.encode(), "line 1 is longer than 131,072 bytes"),
    "a long line in the middle": (b"a 1 2\n" + LONG.encode() + b" 1", "line 2 is longer"),
    "no numbers": (b"hello\nworld\n", "most of the first lines have 0 numbers"),
    "prose": (b"it was a dark night\nand it rained a lot\n", "has 'was' where a number is due"),
    "nan": (b"a 1 2\nb nan 2\n", "line 2 has 'nan', which is no number to begin with"),
    "inf": (b"a 1 2\nb 1 -inf\n", "line 2 has '-inf'"),
    "a number beyond float32": (b"a 1 2\nb 1 1e39\n", "line 2 has a number beyond single"),
    "a column too few": (b"a 1 2\nb 1\nc 1 2\n", "line 2 has 1 numbers behind its token, and the"),
    "a column too many": (b"a 1 2\nb 1 2 3\nc 1 2\n", "line 2 has 3 numbers behind its token"),
    "two spaces between numbers": (b"a 1 2\nb 1  2\n", "line 2 has '' where a number is due"),
    "underscores": (b"a 1_0 2\nb 1 2\n", "line 1 has '1_0' where a number is due"),
    "no token": (b"a 1 2\n 1 2\n", "line 2 begins with a space"),
    "a blank line": (b"a 1 2\n\nb 1 2\n", "line 2 is empty"),
    "Latin-1": (b"a 1 2\ncaf\xe9 1 2\n", "token 2 of the file, 'caf\ufffd', is not UTF-8"),
    "a token of 5,000 bytes": (b"x" * 5000 + b" 1 2\n", "is longer than 4,096 bytes"),
    "a pickle": (pickle.dumps({"the": [1.0]}), "save_word2vec_format('vectors.txt') of gensim"),
    "torch or NumPy": (b"PK\x03\x04" + bytes(30), "a zip archive, as torch and NumPy write it"),
    "fastText's model": (struct.pack("<i", 793712314) + bytes(20), "send the .vec file"),
    "NumPy": (b"\x93NUMPY" + bytes(20), "an array of NumPy, without its tokens"),
    "half a gzip": (gzipped(as_text(SOME))[:-9], "not whole as gzip packs one"),
    "half a binary": (as_binary(SOME)[:-5], "read as word2vec's binary form, has 3"),
    "more binary": (as_binary(SOME) + b"more", "goes on behind the 4 tokens"),
    "binary nan": (as_binary({"a": (1.0, float("nan"))}), "the vector of token 1 has a number"),
    "no token in binary": (b"2 2\n" + b"\xff" * 9000, "no token begins behind the 0"),
    "an evil header": (header(vectors=EVIL), "describes the tensor 'vectors' wrongly"),
    "a header of a terabyte": ((1 << 39).to_bytes(8, "little") + b"{}", "claims a header of"),
    "no tokens in safetensors": (save({"vectors": np.ones((2, 2))}), "has no two tensors"),
    "integers": (
        save({"vectors": np.ones((1, 2), int), "tokens": np.zeros(1, np.uint8)}),
        "'vectors' is I64 [1, 2] and 'tokens' U8",
    ),
    "fewer tokens than rows": (
        save({"vectors": np.ones((3, 2)), "tokens": np.frombuffer(b"a\nb", np.uint8)}),
        "has 3 rows, and 'tokens' 2 tokens",
    ),
    "nan in safetensors": (as_tensors({"a": (1.0,), "b": (float("inf"),)}), "row 1 of 'vectors'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_file_of_vectors_is_refused_in_a_sentence(what: str, tmp_path: Path) -> None:
    content, words = REFUSED[what]
    assert words in refusal(content, tmp_path)


def test_a_small_file_that_unpacks_to_a_large_one_and_a_slow_one_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = gzipped(b"a 1 2\n" * 500_000)
    assert "unpacks to more than the 100,000 bytes" in refusal(bomb, tmp_path, most_bytes=100_000)
    assert "longer than the 0 seconds" in refusal(as_text(SOME), tmp_path, max_seconds=0)
    monkeypatch.setattr(sink, "MOST_TOKENS", 3)
    assert "more than 3 tokens; send the most frequent" in refusal(as_text(SOME), tmp_path)
    assert "claims 4 tokens" in refusal(as_text(SOME, header=True), tmp_path)


def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    row = " ".join(["0.12345"] * 50)
    content = b"".join(f"w{number} {row}\n".encode() for number in range(40_000))
    tracemalloc.start()
    try:
        taken(content, tmp_path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < len(content) / 2
