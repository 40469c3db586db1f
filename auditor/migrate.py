"""Brings a database file to the tables that this version of traceaudit works with."""

from pathlib import Path

import duckdb

from auditor.errors import StoreUnusable
from auditor.evidence.store_seals import adopt

FOLDER = Path(__file__).with_name("migrations")

# What a migration does besides its SQL, in the same transaction.
AND_THEN = {62: adopt}


def migrate(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Apply the migrations that `connection` lacks, in order, each in a transaction of its own.

    Args:
        connection: open for writing.
        name: of the database, for messages.

    Raises:
        StoreUnusable: the database was made by a newer traceaudit.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP)")
    have = current_version(connection)
    migrations = known_migrations()
    if have > max(migrations):
        raise StoreUnusable(f"{name} was made by a newer traceaudit (its tables are version {have}); update traceaudit")
    for version in sorted(migrations):
        if version > have:
            apply(connection, version, migrations[version])


def known_migrations() -> dict[int, str]:
    """Version to SQL, from the files named like 001_first.sql."""
    return {int(file.name.partition("_")[0]): file.read_text(encoding="utf-8") for file in FOLDER.glob("*.sql")}


def current_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The last migration applied; 0 for a new database."""
    ((found,),) = connection.execute("SELECT max(version) FROM schema_version").fetchall()
    return found or 0


def apply(connection: duckdb.DuckDBPyConnection, version: int, sql: str) -> None:
    """Apply one migration whole or not at all."""
    connection.begin()
    try:
        connection.execute(sql)
        if version in AND_THEN:
            AND_THEN[version](connection)
        connection.execute("INSERT INTO schema_version VALUES (?, now() AT TIME ZONE 'UTC')", [version])
        connection.commit()
    except duckdb.Error:
        connection.rollback()
        raise
