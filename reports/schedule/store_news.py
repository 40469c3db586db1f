"""What reviewers said since a job last took it into account: counted along the audit trail, which no clock moves."""

from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.store import Store
from auditor.verdict_rows import utc

# A case is agreed on when two people or more voted and most say the same, or an expert decided; what may be trained on
# is narrower still, and that is for training to say.
SINCE = """
    WITH fresh AS (
        SELECT subject FROM events WHERE seq > $seq AND kind IN ('review.voted', 'review.adjudicated')
    )
    SELECT (SELECT count(*) FROM fresh), (
        SELECT count(*) FROM decisions(2)
        WHERE triple_id IN (SELECT subject FROM fresh) AND voters >= 2
            AND outcome IN ('unanimous', 'majority', 'adjudicated')
    ), (SELECT coalesce(max(seq), 0) FROM events)
"""
SEEN = 'SELECT seq, "at" FROM job_news WHERE job = ?'
BEGAN = "SELECT since FROM job_marks WHERE job = ?"
NOTE = """
    INSERT INTO job_news VALUES ($job, $seq, $now)
    ON CONFLICT (job) DO UPDATE SET seq = excluded.seq, "at" = excluded."at"
"""


@dataclass(frozen=True, slots=True)
class News:
    """What is new for a job.

    Attributes:
        votes: and decisions of experts.
        cases: of these that are agreed on now.
        seq: of the last event of the trail.
        last: when the job last took reviews into account, or was first looked for; None where it never was.
    """

    votes: int
    cases: int
    seq: int
    last: datetime | None


def news_for(store: Store, job: str) -> News:
    """What came since the job last took reviews into account."""
    seen = store.connection.execute(SEEN, [job]).fetchone()
    began = store.connection.execute(BEGAN, [job]).fetchone()
    ((votes, cases, seq),) = store.connection.execute(SINCE, {"seq": seen[0] if seen else 0}).fetchall()
    last: datetime | None = seen[1] if seen else began[0] if began else None
    return News(votes, cases, seq, last and last.replace(tzinfo=UTC))


def note_seen(store: Store, job: str, news: News, now: datetime) -> None:
    """All of it has been taken into account."""
    with store.transaction():
        store.connection.execute(NOTE, {"job": job, "seq": news.seq, "now": utc(now)})
