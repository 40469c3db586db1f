-- What the schedule does, and what was sent; see reports/schedule and reports/sending.

-- One row for each period of a job: whoever inserts it first decides when it is due, and it runs once.
CREATE TABLE job_runs (
    job VARCHAR NOT NULL,            -- nightly | weekly | monthly | checkpoint | golden
    period VARCHAR NOT NULL,         -- what it is about: 2026-03-01, 2026-W09, 2026-02; else when it was due
    due_at TIMESTAMP NOT NULL,
    state VARCHAR NOT NULL,          -- due | running | done | failed (is tried again) | given_up | skipped
    attempt INTEGER NOT NULL,        -- how often it was begun
    owner VARCHAR,                   -- the process and scheduler that has or had it
    fence BIGINT NOT NULL,           -- the number of the lease it was begun under; who has an older one writes nothing
    started_at TIMESTAMP,
    finished_at TIMESTAMP,
    next_at TIMESTAMP,               -- when a failed one is tried again
    detail VARCHAR NOT NULL,         -- what came of it, or why it failed; no text of a log, no secret
    failed_at TIMESTAMP,             -- of the last failure, also where a later attempt did it
    error VARCHAR,
    PRIMARY KEY (job, period)
);

-- From when on the periods of a job count: those before it was first looked for are nobody's.
CREATE TABLE job_marks (
    job VARCHAR PRIMARY KEY,
    since TIMESTAMP NOT NULL
);

-- Who runs a job now. One that does not move its beat for the length of a lease has lost it.
CREATE TABLE job_leases (
    job VARCHAR PRIMARY KEY,
    owner VARCHAR,                   -- NULL: nobody
    process VARCHAR NOT NULL,
    fence BIGINT NOT NULL,
    beat BIGINT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

-- One row for each delivery and subject: what is sent where, and how often that was tried.
CREATE TABLE deliveries (
    id VARCHAR PRIMARY KEY,          -- of the delivery and its subject: the same whenever it is tried again
    delivery VARCHAR NOT NULL,       -- its name in the configuration
    channel VARCHAR NOT NULL,        -- files | email | webhook | kafka | siem
    subject VARCHAR NOT NULL,        -- nightly/2026-03-01, urgent/1a2b…
    tenant VARCHAR NOT NULL,         -- empty: all
    message VARCHAR NOT NULL,        -- JSON: counts, case ids, names of files; no text of a log
    state VARCHAR NOT NULL,          -- waiting | sending | sent | failed (is tried again) | given_up
    attempt INTEGER NOT NULL,
    process VARCHAR,                 -- that sends it
    detail VARCHAR NOT NULL,         -- what the channel said, or why it failed; no secret
    created_at TIMESTAMP NOT NULL,
    "at" TIMESTAMP,                  -- when it was last tried
    next_at TIMESTAMP,               -- when it is tried next; NULL: no more
    failed_at TIMESTAMP,             -- of the last failure, also where a later attempt arrived
    error VARCHAR
);

-- Which triples a delivery was told of as urgent: each once.
CREATE TABLE alerted (
    delivery VARCHAR NOT NULL,
    triple_id VARCHAR NOT NULL,
    delivery_id VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    PRIMARY KEY (delivery, triple_id)
);
CREATE TABLE alert_marks (
    delivery VARCHAR PRIMARY KEY,
    since TIMESTAMP NOT NULL         -- what was stored before is no news
);
