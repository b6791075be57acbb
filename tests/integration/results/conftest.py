"""What is made of rows that were read, and all SQL is in the store, whose tests run over both kinds
of database: one kind is enough here."""

from support.databases import sqlite_url

database_url = sqlite_url
