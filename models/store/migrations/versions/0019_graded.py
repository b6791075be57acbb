"""Correlations with scores, and the accuracy of triplets. Null in evaluations from before."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

METRICS = ("spearman", "pearson", "triplet_accuracy")
TABLES = ("evaluations", "untrained")


def upgrade() -> None:
    for table in TABLES:
        for name in METRICS:
            op.add_column(table, sa.Column(name, sa.Double(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        for name in reversed(METRICS):
            op.drop_column(table, name)
