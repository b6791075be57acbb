"""Lines beside every result: what networks measure untrained, and TF-IDF without any network."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SINCE = (
    *("precision", "recall", "f1", "mcc"),
    *("mrr_at_10", "recall_at_1", "recall_at_10", "map_at_r", "ndcg_at_10"),
)


def upgrade() -> None:
    tf_idf = sa.Column("tf_idf", sa.JSON(none_as_null=True), nullable=True)
    op.add_column("experiments", tf_idf)
    op.create_table(
        "untrained",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("split", sa.String(length=16), nullable=False),
        sa.Column("loss", sa.Double(), nullable=True),
        sa.Column("loss_per_row", sa.Double(), nullable=True),
        sa.Column("baseline_loss", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("accuracy", sa.Double(), nullable=False),
        sa.Column("roc_auc", sa.Double(), nullable=True),
        sa.Column("average_precision", sa.Double(), nullable=True),
        sa.Column("predicted_positive", sa.Double(), nullable=False),
        sa.Column("positive_mean", sa.Double(), nullable=True),
        sa.Column("negative_mean", sa.Double(), nullable=True),
        sa.Column("pairs", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=True) for name in SINCE),
        sa.Column("queries", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_untrained_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "split", name=op.f("pk_untrained")),
    )


def downgrade() -> None:
    op.drop_table("untrained")
    op.drop_column("experiments", "tf_idf")
