"""Runs that start from pretrained models, and workers that can train them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("runs", "workers"):
        op.add_column(
            table,
            sa.Column("pretrained", sa.Boolean(), nullable=False, server_default=sa.false()),
        )
    op.create_table(
        "experiment_models",
        sa.Column("experiment_id", sa.String(length=40), nullable=False),
        sa.Column("model_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_experiment_models_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["pretrained_models.id"],
            name=op.f("fk_experiment_models_model_id_pretrained_models"),
        ),
        sa.PrimaryKeyConstraint("experiment_id", "model_id", name=op.f("pk_experiment_models")),
    )
    op.create_index(op.f("ix_experiment_models_model_id"), "experiment_models", ["model_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_experiment_models_model_id"), table_name="experiment_models")
    op.drop_table("experiment_models")
    for table in ("workers", "runs"):
        op.drop_column(table, "pretrained")
