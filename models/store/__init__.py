"""The database: tables, migrations, and all SQL, a noun a file."""
