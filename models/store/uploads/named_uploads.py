"""What people upload under a name: one row for a name, whose content never changes.

Two names may have the same content, and so share one folder of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.store.tables import (
    Dataset,
    ExperimentModel,
    ExperimentVectors,
    PretrainedModel,
    TokenVectors,
)

T = TypeVar("T", Dataset, PretrainedModel, TokenVectors)
U = TypeVar("U", PretrainedModel, TokenVectors)


@dataclass(frozen=True)
class NamedUploads(Generic[T]):
    """The rows of one kind; `noun` is what its errors call one of them."""

    table: type[T]
    noun: str

    def add(self, session: Session, row: T) -> T:
        """The row of this name and content: this new one, or the existing one.

        Raises `Conflict` when another content has the name.
        """
        existing = self._find(session, row.name)
        if existing is None:
            try:
                with session.begin_nested():
                    session.add(row)
                    session.flush()
                    return row
            except IntegrityError:  # another upload took the name meanwhile
                existing = self.named(session, row.name)
        if existing.content_hash != row.content_hash:
            raise Conflict(
                f"the name '{row.name}' belongs to a {self.noun} with other content; choose "
                f"another name, or delete that {self.noun} first"
            )
        return existing

    def named(self, session: Session, name: str) -> T:
        """Raises `NotFound`."""
        return self._found(session.scalar(self._named(name)), name)

    def all(self, session: Session) -> list[T]:
        """Every one, by name."""
        return list(session.scalars(select(self.table).order_by(self.table.name)))

    def lock(self, session: Session, name: str) -> T:
        """The row, which nothing else can begin to use until this transaction ends: its removal
        and the creation of an experiment with it wait for each other. Raises `NotFound`."""
        return self._found(session.scalar(self._named(name).with_for_update()), name)

    def _find(self, session: Session, name: str) -> T | None:
        return session.scalar(self._named(name))

    def _named(self, name: str) -> Select[T]:
        return select(self.table).where(self.table.name == name)

    def _found(self, row: T | None, name: str) -> T:
        if row is None:
            raise NotFound(f"there is no {self.noun} '{name}'")
        return row


@dataclass(frozen=True)
class Starts(NamedUploads[U]):
    """What arms of an experiment can start from, and which experiments do: rows of the table
    `link`, whose column `key` has the id."""

    link: type[ExperimentModel] | type[ExperimentVectors]
    key: str

    def use(self, session: Session, experiment_id: str, used: Sequence[U]) -> None:
        """Store that arms of the experiment start from these, which then stay.

        Raises `IntegrityError` where one was deleted meanwhile.
        """
        session.add_all(
            self.link(experiment_id=experiment_id, **{self.key: one.id}) for one in used
        )
        session.flush()

    def of(self, session: Session, experiment_id: str) -> list[U]:
        """What arms of the experiment start from, by name."""
        query = select(self.table).join(self.link, self._key == self.table.id)
        query = query.where(self.link.experiment_id == experiment_id)
        return list(session.scalars(query.order_by(self.table.name)))

    def remove(self, session: Session, name: str) -> U:
        """Remove the row and return it; the caller removes its files.

        Raises `NotFound`, and `Conflict` when an experiment uses it.
        """
        row = self.lock(session, name)
        using = select(self.link.experiment_id).where(self._key == row.id)
        user = session.scalar(using.order_by(self.link.experiment_id).limit(1))
        if user is not None:
            raise Conflict(f"{self.noun} '{name}' is used by experiment {user}; delete that first")
        session.delete(row)
        session.flush()
        return row

    @property
    def _key(self) -> ColumnElement[str]:
        column: ColumnElement[str] = getattr(self.link, self.key)
        return column
