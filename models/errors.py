"""What can go wrong, in words for the person who has to act on it; `api/` turns these into replies.

TripletlabError
├── NotFound            what was named does not exist
├── Conflict            what exists does not allow this
├── Invalid             one or more fields are wrong; carries `Problem`s with JSON pointers
├── TooMany             more than its owner may have at once; carries when to try again
├── Unreadable          what is stored cannot be read by this version
├── DamagedDataset      a file of a data set is not what was written
├── DamagedRunFile      a file of a run is not what its worker wrote
├── StaleAttempt        another attempt owns the run now; this one must stop writing
├── TrainingFault       the training cannot continue, and trying again would not help
└── ServiceUnavailable  a part that this service needs does not answer
    └── FilesAway       the bucket in which hosts share their files does not answer
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace


class TripletlabError(Exception):
    """Something this service knows how to explain."""


class NotFound(TripletlabError):
    """What was named does not exist."""


class Conflict(TripletlabError):
    """What exists does not allow this."""


@dataclass(frozen=True)
class Problem:
    """One wrong field: its JSON pointer (RFC 6901) and a sentence a person can act on.

    `column` says where in the text of the field, counted from 1, where that is a formula.
    """

    pointer: str
    detail: str
    column: int | None = None

    @classmethod
    def at(cls, *parts: str | int, detail: str, column: int | None = None) -> "Problem":
        """The problem at the place that these keys and indexes lead to; without any, the root."""
        escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
        return cls("".join(f"/{part}" for part in escaped), detail, column)

    def moved(self, pointer: str) -> "Problem":
        """The same at another place."""
        return replace(self, pointer=pointer)

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys and indexes of the pointer, without its escapes."""
        parts = self.pointer.split("/")[1:]
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


class Invalid(TripletlabError):
    """One or more fields are wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer}: {p.detail}" for p in self.problems))


class TooMany(TripletlabError):
    """An owner asks for more than it may have at once; `retry_after` is in seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class Unreadable(TripletlabError):
    """What is stored cannot be read by this version: another version wrote it, or a hand did."""


class DamagedDataset(TripletlabError):
    """A file of a data set is not what was written, and cannot be made again from its others.

    `content_hash` is that of the rows, `file` the name of the file, and `names` are what the data
    set is called, where that is known.
    """

    def __init__(self, content_hash: str, file: str, names: Sequence[str] = ()) -> None:
        self.content_hash, self.file = content_hash, file
        quoted = " and ".join(f"'{name}'" for name in names) or f"with the hash {content_hash}"
        super().__init__(
            f"the file {file} of the data set {quoted} is damaged: it is not what was stored; "
            "upload the same file again, which replaces it"
        )

    def of(self, names: Sequence[str]) -> "DamagedDataset":
        """The same error with the names of the data set in it."""
        return DamagedDataset(self.content_hash, self.file, names)


class DamagedRunFile(TripletlabError):
    """A file of a run is not what its worker wrote.

    `how` says what is wrong with it, and `remedy` what helps.
    """

    def __init__(
        self,
        run_id: str,
        file: str,
        how: str = "is not what was stored",
        remedy: str = "put it back from a backup, or let `tripletlab reproduce` train the same run "
        "again, which gives the same weights and scores",
    ) -> None:
        super().__init__(f"the file {file} of run {run_id} is damaged: it {how}; {remedy}")


class StaleAttempt(TripletlabError):
    """Another attempt owns the run now; this one must stop and write nothing more."""


class TrainingFault(TripletlabError):
    """The training cannot continue, and another attempt would end the same way."""


class ServiceUnavailable(TripletlabError):
    """A part that this service needs does not answer."""


class FilesAway(ServiceUnavailable):
    """The bucket in which hosts share their files does not answer, or cannot be used."""
