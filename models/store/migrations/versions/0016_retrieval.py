"""What retrieval finds on the test part. Null for evaluations from before it was measured."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

METRICS = ("mrr_at_10", "recall_at_1", "recall_at_10", "map_at_r", "ndcg_at_10")


def upgrade() -> None:
    for name in METRICS:
        op.add_column("evaluations", sa.Column(name, sa.Double(), nullable=True))
    op.add_column("evaluations", sa.Column("queries", sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("queries", *reversed(METRICS)):
        op.drop_column("evaluations", name)
