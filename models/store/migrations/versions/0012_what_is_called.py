"""Precision, recall, F1 and MCC. Null for evaluations from before they were measured."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

METRICS = ("precision", "recall", "f1", "mcc")


def upgrade() -> None:
    for name in METRICS:
        op.add_column("evaluations", sa.Column(name, sa.Double(), nullable=True))


def downgrade() -> None:
    for name in reversed(METRICS):
        op.drop_column("evaluations", name)
