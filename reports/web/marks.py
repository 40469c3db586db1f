"""Whether the data have changed since something was made of them: a mark that is another one then."""

import duckdb

# Each transaction that stores rows of evidence leaves an event; who read what is no change. Counts are there for rows
# of tables without events.
MARK = """
    SELECT (SELECT max(seq) FROM events WHERE kind IN ('rows.stored', 'rows.adopted', 'report.made', 'job.run')),
        (SELECT count(*) FROM verdicts), (SELECT count(*) FROM reviews), (SELECT count(*) FROM golden_runs)
"""


def mark_of(connection: duckdb.DuckDBPyConnection) -> tuple[int | None, ...]:
    """The mark of all that is stored; on a connection that is not narrowed to a person."""
    ((*mark,),) = connection.execute(MARK).fetchall()
    return tuple(mark)
