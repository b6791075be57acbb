"""Looks that end an experiment whose last look would decide nothing either."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # null in the looks that are there: they were planned never to stop for this
    op.add_column("looks", sa.Column("futile_above", sa.Double(), nullable=True))
    op.add_column("looks", sa.Column("stays_undecided", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("looks", "stays_undecided")
    op.drop_column("looks", "futile_above")
