"""Whose each question is, so that no key fills the queue of questions for all."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("owner", sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column("predictions", "owner")
