"""What token vectors measure by themselves, beside the results of the arms that start from them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    zero_shot = sa.Column("zero_shot", sa.JSON(none_as_null=True), nullable=True)
    op.add_column("experiments", zero_shot)


def downgrade() -> None:
    op.drop_column("experiments", "zero_shot")
