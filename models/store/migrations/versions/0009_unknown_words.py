"""Words of a question that its network has never seen, told with the answer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Column("unknown_words", sa.JSON(none_as_null=True), nullable=True)
    op.add_column("predictions", words)


def downgrade() -> None:
    op.drop_column("predictions", "unknown_words")
