#!/usr/bin/env bash
# Alembic's batch mode drops ON DELETE CASCADE when it stands beside the column.
#
# A good guess: `batch_alter_table` on SQLite makes the table anew with all that it does not change,
# so a foreign key with ON DELETE CASCADE has it afterwards, however the table had been written.
# Seen: with Alembic 1.20.1 and SQLAlchemy 2.1.9 a key written as `FOREIGN KEY (owner_id) REFERENCES
# owner (id) ON DELETE CASCADE` keeps the clause; the same key written beside the column,
# `owner_id INTEGER REFERENCES owner (id) ON DELETE CASCADE`, comes back without it. So do
# AUTOINCREMENT and COLLATE NOCASE. No warning is given (they are made errors below).
# Whoever migrates another column of such a table finds out at the next deletion of an owner, which
# fails, or leaves orphans where foreign keys are not enforced.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check alembic==1.20.1 sqlalchemy==2.1.9

cat > look.py <<'PYTHON'
import alembic
import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations

COLUMNS = "id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE, owner_id INTEGER"
KEY = "REFERENCES owner (id) ON DELETE CASCADE"
TABLES = {
    "apart": f"CREATE TABLE apart ({COLUMNS}, FOREIGN KEY (owner_id) {KEY})",
    "beside": f"CREATE TABLE beside ({COLUMNS} {KEY})",
}
KEPT = ("ON DELETE CASCADE", "AUTOINCREMENT", "COLLATE NOCASE")

print("alembic", alembic.__version__, "sqlalchemy", sqlalchemy.__version__)
engine = sqlalchemy.create_engine("sqlite://")
seen = {}
with engine.connect() as connection:
    connection.exec_driver_sql("CREATE TABLE owner (id INTEGER PRIMARY KEY)")
    for name, statement in TABLES.items():
        connection.exec_driver_sql(statement)
        action = f"SELECT on_delete FROM pragma_foreign_key_list('{name}')"
        before = connection.exec_driver_sql(action).scalar_one()
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table(name) as batch:
            batch.alter_column("name", nullable=False)
        after = connection.exec_driver_sql(action).scalar_one()
        text = f"SELECT sql FROM sqlite_master WHERE name = '{name}'"
        made = connection.exec_driver_sql(text).scalar_one()
        seen[name] = (before, after, [clause for clause in KEPT if clause in made])
        print(f"{name}: on delete {before}, after the migration {after}, kept {seen[name][2]}")
assert seen == {
    "apart": ("CASCADE", "CASCADE", ["ON DELETE CASCADE"]),
    "beside": ("CASCADE", "NO ACTION", []),
}, seen
PYTHON
venv/bin/python -W error look.py
