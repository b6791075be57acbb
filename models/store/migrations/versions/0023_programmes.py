"""Programmes: sequences of experiments with one budget of errors."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programmes",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_programmes")),
    )
    op.create_table(
        "programme_questions",
        sa.Column("programme", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("experiment_id", sa.String(length=40), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("known_after", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["programme"],
            ["programmes.name"],
            name=op.f("fk_programme_questions_programme_programmes"),
        ),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_programme_questions_experiment_id_experiments"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("programme", "number", name=op.f("pk_programme_questions")),
        sa.UniqueConstraint("experiment_id", name=op.f("uq_programme_questions_experiment_id")),
    )


def downgrade() -> None:
    op.drop_table("programme_questions")
    op.drop_table("programmes")
