-- What a guard is trained on: judges' annotations, cases that are kept from training for ever, cases that people are
-- asked for, and the runs with what each item of theirs rests on.

-- Append-only: what judges said of a triple. The same judge, model and prompt says it once.
CREATE TABLE annotations (
    triple_id VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,          -- its name in the configuration
    version VARCHAR NOT NULL,        -- of its model
    prompt_hash VARCHAR NOT NULL,    -- hex sha256 of the annotation prompt
    judgment DOUBLE,                 -- 0 | 0.5 | 1; NULL where its completion could not be read
    analysis VARCHAR NOT NULL,       -- quotes the log: erasure and retention take it out
    reason VARCHAR,                  -- why it could not be read
    annotated_at TIMESTAMP NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- Append-only: cases that no guard is ever trained on, for the gate to try guards on.
CREATE TABLE locked_cases (
    triple_id VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,        -- gold | frozen (drawn below the line)
    label DOUBLE NOT NULL,           -- as people agreed when it was locked
    weight DOUBLE NOT NULL,          -- how many cases it stands for: 1 / probability of being here; of gold 1
    source VARCHAR NOT NULL,         -- tenant and application
    category VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    locked_at TIMESTAMP NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- Append-only: cases that people are asked for besides those that were drawn, since what is said of them cannot be right.
CREATE TABLE asked_cases (
    triple_id VARCHAR NOT NULL,
    why VARCHAR NOT NULL,            -- judges_split | contradictory | label_in_doubt
    run_id VARCHAR,                  -- of the training that asks; NULL for none
    risk DOUBLE,
    model_revision VARCHAR NOT NULL, -- of the verdict that is shown beside it, as the two after it
    prompt_hash VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- One row for each training. It changes while it runs; what it began with and came to is in `events` as well.
CREATE TABLE training_runs (
    run_id VARCHAR PRIMARY KEY,
    started_at TIMESTAMP NOT NULL,
    started_by VARCHAR NOT NULL,
    version VARCHAR NOT NULL,        -- of traceaudit
    base_model VARCHAR NOT NULL,
    base_revision VARCHAR NOT NULL,
    data_hash VARCHAR NOT NULL,      -- hex sha256 over the items
    recipe VARCHAR NOT NULL,         -- JSON
    counts VARCHAR NOT NULL,         -- JSON: items by bucket, and what was left out by reason
    card VARCHAR NOT NULL,           -- the data card, Markdown; no text of a log
    state VARCHAR NOT NULL,          -- running | done | refused | failed
    detail VARCHAR NOT NULL,         -- what came of it, or why it ended; no text of a log
    candidate VARCHAR,               -- the revision that it made
    ended_at TIMESTAMP
);

-- Append-only: what each run learned from, and what that rests on. No text.
CREATE TABLE training_items (
    run_id VARCHAR NOT NULL,
    triple_id VARCHAR NOT NULL,
    bucket VARCHAR NOT NULL,         -- D3:0 | D2:1 | D1:1:1
    label DOUBLE NOT NULL,
    voters VARCHAR[] NOT NULL,       -- judges as name@version#prompt
    reviewers VARCHAR[] NOT NULL,    -- people who agreed
    source VARCHAR NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- Cases that are put before people: drawn, or asked for.
CREATE VIEW put_cases AS
    SELECT "day", triple_id, reason, stratum, inclusion, level, risk, model_revision, prompt_hash, decoding, drawn_at
    FROM draws
    UNION ALL
    SELECT asked_at::DATE, triple_id, 'asked', why, 1.0, 'none', risk, model_revision, prompt_hash, decoding, asked_at
    FROM asked_cases;

-- As before; but a case of which people said what cannot be right is split, once enough voted, until an expert decided.
CREATE OR REPLACE MACRO decisions(wanted) AS TABLE
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
        WHEN triple_id IN (SELECT a.triple_id FROM asked_cases a WHERE a.why <> 'judges_split') THEN 'split'
        WHEN most = voters THEN 'unanimous' WHEN most * 2 > voters THEN 'majority' ELSE 'split' END AS outcome
    FROM summed;
