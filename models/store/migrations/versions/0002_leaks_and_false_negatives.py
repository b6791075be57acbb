"""What leaks between training and test, false negatives in batches, and the threshold used.

Columns are nullable: rows from before have no such figures.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Columns = dict[str, sa.types.TypeEngine[int] | sa.types.TypeEngine[float]]

ADDED: dict[str, Columns] = {
    "datasets": {
        "duplicate_groups": sa.Integer(),
        "largest_group": sa.Integer(),
        "false_negatives": sa.Integer(),
        "in_order_test": sa.Integer(),
        "in_order_shared": sa.Integer(),
    },
    "experiments": {"left_out_pairs": sa.Integer()},
    "steps": {"false_closest_share": sa.Double()},
    "evaluations": {"threshold": sa.Double()},
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for table, columns in ADDED.items():
        for name in columns:
            op.drop_column(table, name)
