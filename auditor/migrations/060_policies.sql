-- Append-only: policies as they were proposed, and what others decided of them.
CREATE TABLE policies (
    number INTEGER PRIMARY KEY,
    version VARCHAR NOT NULL,        -- the name that the file gives itself
    text VARCHAR NOT NULL,           -- the whole file
    sha256 VARCHAR NOT NULL,         -- of the text, hex
    proposed_by VARCHAR NOT NULL,
    proposed_at TIMESTAMP NOT NULL,
    effective_from DATE NOT NULL,    -- asked for; see policy_decisions
    note VARCHAR NOT NULL
);

CREATE TABLE policy_decisions (
    number INTEGER PRIMARY KEY,      -- one decision for each proposal
    decision VARCHAR NOT NULL,       -- approved | rejected
    decided_by VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    effective_from DATE,             -- the first UTC day on which it holds; NULL where rejected
    note VARCHAR NOT NULL
);

-- The audit trail: append-only, each event carries the hash of the one before it; see auditor/evidence/events.py.
CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    "at" TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    details VARCHAR NOT NULL,        -- JSON with sorted keys
    previous VARCHAR NOT NULL,       -- hash of the event before, hex; zeros for the first
    hash VARCHAR NOT NULL
);
