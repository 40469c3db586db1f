-- Where the sink stands in the topic of outcomes; written in the same transaction as the ranges before it.
CREATE TABLE sink_positions (
    source VARCHAR NOT NULL,         -- the topic of outcomes
    "partition" INTEGER NOT NULL,
    next_offset BIGINT NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (source, "partition")
);

-- Judged ranges that begin above their partition's next offset: offsets between are missing. They wait as they came.
CREATE TABLE waiting_ranges (
    source VARCHAR NOT NULL,         -- the source partition that they are of
    "partition" INTEGER NOT NULL,
    start_offset BIGINT NOT NULL,
    end_offset BIGINT NOT NULL,
    value BLOB NOT NULL,             -- the message
    since TIMESTAMP NOT NULL
);

-- Messages in the topic of outcomes that are none, or damaged: an alarm, since what they said is missing.
CREATE TABLE sink_rejects (
    source VARCHAR NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    value BLOB NOT NULL,
    stored_at TIMESTAMP NOT NULL
);
