-- Deciding cases together: what a vote says besides, votes that were taken back, and who has which case before them.
ALTER TABLE reviews ADD COLUMN kind VARCHAR;               -- adjudication; NULL: a vote
ALTER TABLE reviews ADD COLUMN verdict_hidden BOOLEAN;     -- whether the guard's verdict was kept from the reviewer; NULL: not known
ALTER TABLE reviews ADD COLUMN corrected_analysis VARCHAR; -- what the guard should have said
ALTER TABLE reviews ADD COLUMN seconds DOUBLE;             -- from when the reviewer was given the case
ALTER TABLE reviews ADD COLUMN "key" VARCHAR;              -- of the request: one that comes twice is one vote

-- Append-only: votes that their reviewers took back, within a minute. The vote stays where it is.
CREATE TABLE withdrawals (
    review_id VARCHAR NOT NULL,
    triple_id VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- Who has a case before them, so that no more people are given it than are to vote. No evidence: it comes and goes.
CREATE TABLE leases (
    triple_id VARCHAR NOT NULL,
    reviewer VARCHAR NOT NULL,
    taken_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    verdict_shown BOOLEAN NOT NULL   -- the reviewer asked for it, although the policy hides it
);

-- Views and macros name tables without a schema, so that a connection that is narrowed to what a person may see
-- (auditor/access/sight.py) gets narrowed answers of these as well.

-- The reviews that count.
CREATE VIEW standing AS
    SELECT id, triple_id, reviewer, vote, category, rationale, "at", stored_at, kind, verdict_hidden,
        corrected_analysis, seconds, "key"
    FROM reviews ANTI JOIN (SELECT review_id FROM withdrawals) w ON w.review_id = reviews.id;

-- What each reviewed triple is, by what was stored before a moment: as an expert decided, else by the majority of the
-- last votes of its reviewers, 0.5 and 1 being harmful. NULL where these are even.
CREATE MACRO truths_by(until) AS TABLE
    WITH last AS (
        SELECT DISTINCT ON (triple_id, person) triple_id, vote, kind,
            CASE WHEN kind IS NULL THEN 'by ' || lower(reviewer) ELSE '' END AS person
        FROM standing WHERE stored_at < until
        ORDER BY triple_id, person, "at" DESC, id DESC
    ), told AS (
        SELECT triple_id, sum(CASE WHEN vote = 0 THEN -1 ELSE 1 END) FILTER (kind IS NULL) AS lead,
            any_value(vote) FILTER (kind IS NOT NULL) AS adjudged
        FROM last GROUP BY triple_id
    )
    SELECT triple_id, CASE WHEN adjudged IS NOT NULL THEN adjudged > 0 WHEN lead <> 0 THEN lead > 0 END AS harmful,
        adjudged IS NOT NULL AS adjudicated
    FROM told;
CREATE VIEW truths AS SELECT * FROM truths_by('infinity'::TIMESTAMP);

-- How far the voting on each reviewed triple is, where `wanted` people are to vote; see auditor/reviewing/outcome.py.
CREATE MACRO decisions(wanted) AS TABLE
    WITH last AS (
        SELECT DISTINCT ON (triple_id, person) triple_id, vote, kind,
            CASE WHEN kind IS NULL THEN 'by ' || lower(reviewer) ELSE '' END AS person
        FROM standing ORDER BY triple_id, person, "at" DESC, id DESC
    ), counted AS (
        SELECT triple_id, vote, count(*) FILTER (kind IS NULL) AS n, count(*) FILTER (kind IS NOT NULL) AS adjudged
        FROM last GROUP BY triple_id, vote
    ), summed AS (
        SELECT triple_id, sum(n)::BIGINT AS voters, max(n) AS most, sum(adjudged) AS adjudged
        FROM counted GROUP BY triple_id
    )
    SELECT triple_id, voters, CASE WHEN adjudged > 0 THEN 'adjudicated' WHEN voters < wanted THEN 'open'
        WHEN most = voters THEN 'unanimous' WHEN most * 2 > voters THEN 'majority' ELSE 'split' END AS outcome
    FROM summed;
