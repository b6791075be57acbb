"""How a text file is written, where its format leaves that open: delimiter, encoding, quoting.

Why the sender says so, and nothing is guessed: a wrong guess gives texts that look right in the
first rows. A refusal names the field that would help.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from models.datasets.errors import DatasetFileError

Quoting = Literal["double", "none"]
UTF_8 = "utf-8"
DELIMITED = {"csv": ",", "tsv": "\t"}
# Text in one of these is common enough; Python also lists codecs that are no encodings of text.
ENCODINGS = {
    codecs.lookup(name).name
    for names in (
        "utf-8 ascii utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be",
        " ".join(f"iso-8859-{part}" for part in (*range(1, 12), *range(13, 17))),
        " ".join(f"windows-125{page}" for page in range(9)),
        "cp437 cp850 cp852 cp866 koi8-r koi8-u mac-roman tis-620",
        "shift_jis cp932 euc-jp iso-2022-jp gb2312 gbk gb18030 big5 euc-kr cp949",
    )
    for name in names.split()
}
WITH_MARK = {"utf-8-sig": UTF_8, "utf_8_sig": UTF_8}  # a byte order mark is skipped anyway
NO_DELIMITERS = '"\r\n\0\ufeff'
DELIMITER_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
"""Words for marks that a shell or curl takes for itself: after `;` curl reads its own options."""
SPELLED = {"\\t": "\t", **DELIMITER_WORDS}


@dataclass(frozen=True)
class TextOptions:
    """What a sender says about a text file; None means: as is usual in its format."""

    delimiter: str | None = None
    """One character between the fields of a row of CSV or TSV."""
    encoding: str | None = None
    """The name of an encoding as `encoding_named` returns it."""
    quoting: Quoting | None = None
    """Whether quotation marks enclose texts of CSV and TSV, doubled inside, or belong to them; None
    takes them as enclosing and refuses what may be several rows."""

    def require_use(self, table: str, filename: str) -> None:
        """Raise DatasetFileError, with its field, for an option that this format does not have."""
        for field, value in (("delimiter", self.delimiter), ("quoting", self.quoting)):
            if value is not None and table not in DELIMITED:
                why = f"{filename} is {table}, and `{field}` is for csv and tsv."
                raise DatasetFileError(why, field=field)
        if self.encoding is not None and table == "parquet":
            why = f"{filename} is parquet, and `encoding` is for text."
            raise DatasetFileError(why, field="encoding")

    def delimiter_of(self, table: str) -> str:
        """The delimiter to read csv or tsv with."""
        return self.delimiter or DELIMITED[table]


NO_OPTIONS = TextOptions()


def delimiter_named(text: str) -> str:
    r"""The delimiter that a form field means: itself, or the mark of a word; a tab for `\t` too.

    Raises ValueError with a sentence where it is none.
    """
    mark = SPELLED.get(text.lower(), text)
    if len(mark) != 1 or mark.isalnum() or mark in NO_DELIMITERS:
        raise ValueError(
            f"a delimiter is one of the words {', '.join(DELIMITER_WORDS)} or one character, which "
            "is not a letter, a digit, a quotation mark or a line end"
        )
    return mark


def spelled(delimiter: str) -> str:
    """How a sender writes this delimiter: by its word, or quoted where there is none."""
    words = {mark: word for word, mark in DELIMITER_WORDS.items()}
    return words.get(delimiter, repr(delimiter))


def encoding_named(text: str) -> str:
    """The encoding that a form field means; ValueError with a sentence where there is none."""
    try:
        known = codecs.lookup(text).name if re.fullmatch(r"[\w .:-]{1,40}", text, re.A) else ""
    except LookupError:
        known = ""
    known = WITH_MARK.get(known, known)
    if known not in ENCODINGS:
        raise ValueError(
            f"{text[:40]!r} is not an encoding that can be read; common ones are utf-8, utf-16, "
            "windows-1252, iso-8859-1, shift_jis, gb18030 and big5"
        )
    return known
