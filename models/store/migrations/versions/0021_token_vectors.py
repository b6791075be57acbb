"""Token vectors, and the experiments that start from them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "token_vectors",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("has_capitals", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_vectors")),
        sa.UniqueConstraint("name", name=op.f("uq_token_vectors_name")),
    )
    op.create_table(
        "experiment_vectors",
        sa.Column("experiment_id", sa.String(length=40), nullable=False),
        sa.Column("vectors_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_experiment_vectors_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["vectors_id"],
            ["token_vectors.id"],
            name=op.f("fk_experiment_vectors_vectors_id_token_vectors"),
        ),
        sa.PrimaryKeyConstraint("experiment_id", "vectors_id", name=op.f("pk_experiment_vectors")),
    )
    op.create_index(op.f("ix_experiment_vectors_vectors_id"), "experiment_vectors", ["vectors_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_experiment_vectors_vectors_id"), table_name="experiment_vectors")
    op.drop_table("experiment_vectors")
    op.drop_table("token_vectors")
