-- One row for each record read: the coverage ledger is their sum.
CREATE TABLE outcomes (
    source VARCHAR NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    state VARCHAR NOT NULL,          -- scored | duplicate | unscorable | rejected | empty | shed
    reason VARCHAR,
    format VARCHAR,
    triple_ids VARCHAR[] NOT NULL,
    run_id VARCHAR NOT NULL,
    stored_at TIMESTAMP NOT NULL     -- UTC, as all times here
);

CREATE TABLE triples (
    id VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    application VARCHAR,
    user_id VARCHAR,                 -- pseudonym
    model VARCHAR,
    format VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    conversation_id VARCHAR,
    turn INTEGER NOT NULL,
    response_id VARCHAR,
    occurred_at TIMESTAMP,
    system_prompt VARCHAR,
    context VARCHAR NOT NULL,
    question VARCHAR,
    thinking VARCHAR,
    thinking_kind VARCHAR NOT NULL,
    kind_source VARCHAR NOT NULL,
    substitute VARCHAR NOT NULL,
    answer VARCHAR,
    tool_calls STRUCT(name VARCHAR, arguments VARCHAR, result VARCHAR, call_id VARCHAR, is_error BOOLEAN)[] NOT NULL,
    warnings VARCHAR[] NOT NULL,
    source VARCHAR NOT NULL,         -- where it was first read
    "partition" INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    stored_at TIMESTAMP NOT NULL
);

-- The images of a triple in the order shown; sha256 names the blob, reason says why there is none.
CREATE TABLE images (
    triple_id VARCHAR NOT NULL,
    place INTEGER NOT NULL,
    ref_kind VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    sha256 VARCHAR,
    media_type VARCHAR,
    width INTEGER,
    height INTEGER,
    n_bytes BIGINT,
    reason VARCHAR
);

-- Append-only: one row for each triple x model revision x prompt x decoding.
CREATE TABLE verdicts (
    triple_id VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    model_revision VARCHAR NOT NULL,
    prompt_hash VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    mode VARCHAR NOT NULL,
    judgment DOUBLE,                 -- 0 | 0.5 | 1; NULL where unscorable
    p_safe DOUBLE,
    p_potentially_harmful DOUBLE,
    p_harmful DOUBLE,
    harm_score DOUBLE,
    risk DOUBLE,
    category VARCHAR NOT NULL,
    category_source VARCHAR NOT NULL,
    analysis VARCHAR NOT NULL,
    stage VARCHAR,
    coverage DOUBLE NOT NULL,
    images_seen INTEGER NOT NULL,
    images_total INTEGER NOT NULL,
    unscorable_reason VARCHAR,
    prompt_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    seconds DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL,
    scored_at TIMESTAMP NOT NULL
);

-- The next offset to read, written in the same transaction as the outcomes before it.
CREATE TABLE positions (
    source VARCHAR NOT NULL,
    "partition" INTEGER NOT NULL,
    first_offset BIGINT NOT NULL,    -- the first offset ever asked for
    next_offset BIGINT NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (source, "partition")
);

CREATE TABLE gaps (
    source VARCHAR NOT NULL,
    "partition" INTEGER NOT NULL,
    first_offset BIGINT NOT NULL,
    last_offset BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    stored_at TIMESTAMP NOT NULL
);

-- Records that could not be read, byte for byte.
CREATE TABLE dead_letters (
    source VARCHAR NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    value BLOB NOT NULL,
    stored_at TIMESTAMP NOT NULL
);

-- One row for each `traceaudit run`: what was in force when its verdicts were made.
CREATE TABLE runs (
    run_id VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    version VARCHAR NOT NULL,        -- of traceaudit
    model_id VARCHAR NOT NULL,
    model_revision VARCHAR NOT NULL,
    prompt_hash VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    policy_version VARCHAR NOT NULL
);
