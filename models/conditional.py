"""Whether a conditional UPDATE found its row: the one way in which things change hands here."""

from sqlalchemy import CursorResult, Update
from sqlalchemy.orm import Session


def changed(session: Session, statement: Update) -> bool:
    """Whether the statement changed its one row."""
    # loaded objects are not kept in step: they are read again where needed, see `fresh`
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return isinstance(result, CursorResult) and result.rowcount == 1
