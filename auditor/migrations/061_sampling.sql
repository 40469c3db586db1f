-- What makes this database's draws its own: one row, made with the first draw.
CREATE TABLE draw_salt (
    salt VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL
);

-- Append-only: the strata of each day that was drawn from. Every verdict of the day is in exactly one of them, so that
-- it has an inclusion probability (drawn / size), drawn or not. Drawn once; a day's draw is never made again.
CREATE TABLE strata (
    "day" DATE NOT NULL,             -- UTC, of scored_at
    stratum VARCHAR NOT NULL,        -- its name
    reason VARCHAR NOT NULL,         -- urgent | escalated | below
    tenant VARCHAR,                  -- NULL, as the two after it: more than one, since strata were merged
    thinking_kind VARCHAR,
    band VARCHAR,                    -- of risk, such as 0.05-0.2 | watch; above the line scored | unscorable
    size BIGINT NOT NULL,
    drawn BIGINT NOT NULL,
    seed VARCHAR NOT NULL,           -- of the day: who has it can repeat the draw
    drawn_at TIMESTAMP NOT NULL,
    PRIMARY KEY ("day", stratum)
);

-- Append-only: the cases that were drawn for review, each with the probability with which it would be.
CREATE TABLE draws (
    "day" DATE NOT NULL,
    triple_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,         -- urgent | escalated | below
    stratum VARCHAR NOT NULL,
    inclusion DOUBLE NOT NULL,       -- in (0, 1]
    level VARCHAR NOT NULL,          -- none | watch | escalate | urgent, by the policy of the day
    risk DOUBLE,                     -- NULL where unscorable
    policy_number INTEGER NOT NULL,  -- of `policies`; 0: the one that the configuration names
    model_revision VARCHAR NOT NULL,
    prompt_hash VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    drawn_at TIMESTAMP NOT NULL,
    PRIMARY KEY ("day", triple_id)
);

-- ISO 639-1 of question and answer; und where it cannot be told, NULL where it was never looked at.
ALTER TABLE triples ADD COLUMN language VARCHAR;
