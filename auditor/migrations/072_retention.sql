-- What must be kept, whatever its period says and whoever asks: legal holds. Released ones stay, for who looks later.
CREATE TABLE holds (
    id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,        -- tenant | conversation | user | triple
    value VARCHAR NOT NULL,          -- which one
    tenant VARCHAR,                  -- only this one's; NULL: of any
    reason VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    released_by VARCHAR,
    released_at TIMESTAMP,           -- NULL: it stands
    release_reason VARCHAR,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- Append-only: what was erased. Whoever makes a training set leaves these triples out; they are not stored again either,
-- should the log be read once more. A subject is there as a digest, by which it is known again and not told.
CREATE TABLE erasures (
    id VARCHAR NOT NULL,             -- of the erasure
    subject VARCHAR NOT NULL,        -- conversation | user | triple
    tenant VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,         -- hex sha256 over the salt of this database, the tenant and the subject's name
    triple_id VARCHAR,               -- NULL: the row is about the subject itself
    "at" TIMESTAMP NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);
CREATE TABLE erasure_salt (
    salt VARCHAR NOT NULL            -- one row, made with the first erasure
);

-- What is still to be done outside the tables before an erasure, or what retention took out, is gone everywhere. A row
-- goes when it was done; so whoever was killed before is followed by one who goes on.
CREATE TABLE rewrite_due (
    why VARCHAR NOT NULL,            -- erasure | retention
    since TIMESTAMP NOT NULL
);
CREATE TABLE blobs_due (
    sha256 VARCHAR NOT NULL,         -- to be deleted unless a triple shows it
    since TIMESTAMP NOT NULL
);
CREATE TABLE blobs_gone (
    sha256 VARCHAR NOT NULL,         -- deleted lately: who stores a triple that shows it looks whether it is there
    "at" TIMESTAMP NOT NULL
);
CREATE TABLE files_due (
    erasure VARCHAR NOT NULL,        -- whose cases files may still show
    since TIMESTAMP NOT NULL
);

-- Files with cases that commands wrote where they were told to, so that they are found when a case is erased.
CREATE TABLE kept_files (
    path VARCHAR NOT NULL,           -- absolute; a file or a folder
    kind VARCHAR NOT NULL,           -- case | label-studio | argilla | langfuse | phoenix | dead-letters
    "at" TIMESTAMP NOT NULL
);

-- When retention took the texts out of a triple, or the bytes out of a record; NULL: they are as they were stored.
ALTER TABLE triples ADD COLUMN text_gone_at TIMESTAMP;
ALTER TABLE dead_letters ADD COLUMN bytes_gone_at TIMESTAMP;
