"""Faults counted apart from attempts, waits after them, problem documents, and training seconds."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    # no batch operation: on SQLite that copies the table, and dropping the old one would take the
    # rows that hang on it along. Rows that are there begin with no faults and no seconds.
    for column in (
        sa.Column("faults", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("not_before", Moment, nullable=True),
        sa.Column("problem", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("trained_seconds", sa.Double(), nullable=False, server_default="0"),
        sa.Column("anew", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("runs", column)


def downgrade() -> None:
    for column in ("anew", "trained_seconds", "problem", "not_before", "faults"):
        op.drop_column("runs", column)
