-- Append-only: what gates found of candidates, check by check. Of no customer, and without a word of a log.
CREATE TABLE gate_runs (
    run_id VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    candidate VARCHAR NOT NULL,       -- revisions
    champion VARCHAR NOT NULL,        -- the guard that served then
    passed BOOLEAN NOT NULL,
    data VARCHAR NOT NULL,            -- JSON: set of cases to hex sha256
    seconds DOUBLE NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

CREATE TABLE gate_checks (
    run_id VARCHAR NOT NULL,
    place INTEGER NOT NULL,           -- in the order in which they were made
    name VARCHAR NOT NULL,            -- gold | frozen_sample | category:… | language:… | canaries | …
    ruling VARCHAR NOT NULL,          -- passed | failed | too_few | not_asked
    reason VARCHAR NOT NULL,          -- with the figures, for a person
    measure VARCHAR NOT NULL,
    candidate DOUBLE,                 -- the figure of either
    champion DOUBLE,
    low DOUBLE,                       -- limits of candidate less champion
    high DOUBLE,
    "limit" DOUBLE,                   -- what that is held against
    n BIGINT NOT NULL,                -- cases that it rests on
    required BOOLEAN NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);
