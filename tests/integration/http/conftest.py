"""HTTP is the same over every database, so its tests run over one kind: SQLite."""

from support.databases import sqlite_url

database_url = sqlite_url
