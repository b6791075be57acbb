"""Tuning: runs under settings, and the choice of a setting for each arm.

SQLite cannot change a constraint, so the table of runs is copied there, as its authors describe:
with foreign keys off, since dropping the old table would take along the rows that hang on it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# times are stored as the tables' own type stores them: UTC, on SQLite without a zone
Moment = sa.DateTime(timezone=True)
BEFORE, AFTER = "uq_runs_experiment_id_arm_seed", "uq_runs_experiment_id_arm_setting_seed"


def upgrade() -> None:
    _refuse_to_cascade()
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("setting", sa.Integer(), nullable=False, server_default="0"))
        runs.add_column(
            sa.Column("tuning", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        runs.drop_constraint(BEFORE, type_="unique")
        runs.create_unique_constraint(AFTER, ["experiment_id", "arm", "setting", "seed"])
    op.create_table(
        "tunings",
        sa.Column("experiment_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("chosen_at", Moment, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_tunings_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", name=op.f("pk_tunings")),
    )
    op.create_table(
        "tuning_choices",
        sa.Column("experiment_id", sa.String(length=40), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("setting", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["tunings.experiment_id"],
            name=op.f("fk_tuning_choices_experiment_id_tunings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", "arm", "seed", name=op.f("pk_tuning_choices")),
    )


def downgrade() -> None:
    _refuse_to_cascade()
    op.drop_table("tuning_choices")
    op.drop_table("tunings")
    # the version before knows no such runs, and its constraint would refuse them
    for table in ("steps", "evaluations", "events", "predictions", "reproductions"):
        op.execute(f"DELETE FROM {table} WHERE run_id IN (SELECT id FROM runs WHERE tuning)")
    op.execute("DELETE FROM runs WHERE tuning")
    with op.batch_alter_table("runs") as runs:
        runs.drop_constraint(AFTER, type_="unique")
        runs.create_unique_constraint(BEFORE, ["experiment_id", "arm", "seed"])
        runs.drop_column("tuning")
        runs.drop_column("setting")


def _refuse_to_cascade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        if connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one():
            raise RuntimeError("this migration needs the connection of `migrating.changing_schema`")
