-- Records that were read and wait for the rest of their interactions: reading begins at the oldest of them.
CREATE TABLE held (
    source VARCHAR NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    closed VARCHAR[] NOT NULL,       -- digests of its interactions whose triples are stored already
    triple_ids VARCHAR[] NOT NULL,   -- the triples of those
    read_at TIMESTAMP NOT NULL
);

-- When a record that was held had been read; NULL where it was stored in one go, and stored_at says it.
ALTER TABLE outcomes ADD COLUMN read_at TIMESTAMP;
