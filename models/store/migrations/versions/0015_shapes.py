"""What the rows of a data set's file were: shape, columns, and those that were left out."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # null in the data sets that are there: their rows are pairs with a label
    op.add_column("datasets", sa.Column("reading", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("datasets", "reading")
