"""A growing column of texts, of which most are packed already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datasets.reading import text_chunks
from models.datasets.reading.text_chunks import TextChunks


@given(st.lists(st.text(max_size=5), max_size=12))
def test_the_column_has_every_text_in_order(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_chunks, "CHUNK", 3)
        growing = TextChunks()
        for text in texts:
            growing.append(text)
        assert growing.column().to_pylist() == texts
