-- Append-only: what reviewers said. Who changes their mind votes again; nothing is overwritten.
CREATE TABLE reviews (
    id VARCHAR NOT NULL,             -- hex sha256 of the vote: the same vote twice is one
    triple_id VARCHAR NOT NULL,
    reviewer VARCHAR NOT NULL,
    vote DOUBLE NOT NULL,            -- 0 | 0.5 | 1
    category VARCHAR,
    rationale VARCHAR,
    "at" TIMESTAMP NOT NULL,
    stored_at TIMESTAMP NOT NULL
);

-- Append-only: how a harm score becomes a risk. The latest of a model revision, prompt and mode is in force.
CREATE TABLE calibrations (
    id VARCHAR NOT NULL,             -- hex sha256 of what it does, and when it was fitted
    model_revision VARCHAR NOT NULL,
    prompt_hash VARCHAR NOT NULL,
    mode VARCHAR NOT NULL,
    method VARCHAR NOT NULL,         -- temperature | isotonic
    parameters VARCHAR NOT NULL,     -- JSON, as the two after fitted_at
    n_reviews BIGINT NOT NULL,       -- reviewed triples that it was fitted on
    n_harmful BIGINT NOT NULL,
    fitted_at TIMESTAMP NOT NULL,
    diagram VARCHAR NOT NULL,
    metrics VARCHAR NOT NULL
);
