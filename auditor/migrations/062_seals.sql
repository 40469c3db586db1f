-- Each row of evidence has a leaf: a hash over a salt and all that the row says (auditor/evidence/store_leaves.py). What
-- a transaction stores is a batch; an event "rows.stored" says how many rows of which table it has, and a digest over
-- their leaves. A table whose rows are evidence has these three columns; rows from before are batch 0. A column that is
-- added later must be NULL in the rows that are there: then their leaves stay what they are.
ALTER TABLE outcomes ADD COLUMN batch BIGINT;
ALTER TABLE outcomes ADD COLUMN salt BLOB;
ALTER TABLE outcomes ADD COLUMN leaf BLOB;
ALTER TABLE triples ADD COLUMN batch BIGINT;
ALTER TABLE triples ADD COLUMN salt BLOB;
ALTER TABLE triples ADD COLUMN leaf BLOB;
ALTER TABLE images ADD COLUMN batch BIGINT;
ALTER TABLE images ADD COLUMN salt BLOB;
ALTER TABLE images ADD COLUMN leaf BLOB;
ALTER TABLE verdicts ADD COLUMN batch BIGINT;
ALTER TABLE verdicts ADD COLUMN salt BLOB;
ALTER TABLE verdicts ADD COLUMN leaf BLOB;
ALTER TABLE gaps ADD COLUMN batch BIGINT;
ALTER TABLE gaps ADD COLUMN salt BLOB;
ALTER TABLE gaps ADD COLUMN leaf BLOB;
ALTER TABLE dead_letters ADD COLUMN batch BIGINT;
ALTER TABLE dead_letters ADD COLUMN salt BLOB;
ALTER TABLE dead_letters ADD COLUMN leaf BLOB;
ALTER TABLE sink_rejects ADD COLUMN batch BIGINT;
ALTER TABLE sink_rejects ADD COLUMN salt BLOB;
ALTER TABLE sink_rejects ADD COLUMN leaf BLOB;
ALTER TABLE runs ADD COLUMN batch BIGINT;
ALTER TABLE runs ADD COLUMN salt BLOB;
ALTER TABLE runs ADD COLUMN leaf BLOB;
ALTER TABLE reviews ADD COLUMN batch BIGINT;
ALTER TABLE reviews ADD COLUMN salt BLOB;
ALTER TABLE reviews ADD COLUMN leaf BLOB;
ALTER TABLE calibrations ADD COLUMN batch BIGINT;
ALTER TABLE calibrations ADD COLUMN salt BLOB;
ALTER TABLE calibrations ADD COLUMN leaf BLOB;
ALTER TABLE policies ADD COLUMN batch BIGINT;
ALTER TABLE policies ADD COLUMN salt BLOB;
ALTER TABLE policies ADD COLUMN leaf BLOB;
ALTER TABLE policy_decisions ADD COLUMN batch BIGINT;
ALTER TABLE policy_decisions ADD COLUMN salt BLOB;
ALTER TABLE policy_decisions ADD COLUMN leaf BLOB;
ALTER TABLE draws ADD COLUMN batch BIGINT;
ALTER TABLE draws ADD COLUMN salt BLOB;
ALTER TABLE draws ADD COLUMN leaf BLOB;
ALTER TABLE strata ADD COLUMN batch BIGINT;
ALTER TABLE strata ADD COLUMN salt BLOB;
ALTER TABLE strata ADD COLUMN leaf BLOB;

-- Leaves of rows that were changed or deleted on purpose: the batch that had them still adds up with these.
CREATE TABLE released (
    table_name VARCHAR NOT NULL,
    batch BIGINT NOT NULL,           -- that had the row
    leaf BLOB NOT NULL,
    by_batch BIGINT NOT NULL         -- whose event says so
);

-- The head of the audit trail, signed; each is also a line of a file outside the database.
CREATE TABLE checkpoints (
    seq BIGINT PRIMARY KEY,          -- of the event
    hash VARCHAR NOT NULL,           -- its hash, hex
    "at" TIMESTAMP NOT NULL,
    key_id VARCHAR NOT NULL,         -- hex, the first 16 digits of the sha256 of the public key
    signature VARCHAR NOT NULL       -- Ed25519, hex
);
