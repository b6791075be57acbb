"""What is measured of given negatives. Null for steps from before, and of batches without any."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

METRICS = ("s_given_mean", "given_harder_share")


def upgrade() -> None:
    for name in METRICS:
        op.add_column("steps", sa.Column(name, sa.Double(), nullable=True))


def downgrade() -> None:
    for name in reversed(METRICS):
        op.drop_column("steps", name)
