-- Append-only: models that were proposed to serve, and what others decided of them; see auditor/registry/promotions.py.
CREATE TABLE promotions (
    number INTEGER NOT NULL,         -- 1, 2, 3 … in the order of proposals
    kind VARCHAR NOT NULL,           -- promotion | rollback
    revision VARCHAR NOT NULL,       -- that is to serve; empty: the base
    previous VARCHAR NOT NULL,       -- that served when it was proposed; empty: the base
    gate_run VARCHAR NOT NULL,       -- of the gate that let it pass; empty for a rollback
    proposed_by VARCHAR NOT NULL,
    proposed_at TIMESTAMP NOT NULL,
    note VARCHAR NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

CREATE TABLE promotion_decisions (
    number INTEGER NOT NULL,         -- one decision for each proposal
    decision VARCHAR NOT NULL,       -- approved | rejected
    decided_by VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    note VARCHAR NOT NULL,
    serving INTEGER,                 -- the number under which it came to serve; NULL where rejected
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);
