-- A dead letter as it was read, so that it can be read again; and whether it was.
ALTER TABLE dead_letters ALTER COLUMN value DROP NOT NULL;   -- NULL where masking withholds it
ALTER TABLE dead_letters ADD COLUMN key BLOB;
ALTER TABLE dead_letters ADD COLUMN headers STRUCT(name VARCHAR, value BLOB)[];
ALTER TABLE dead_letters ADD COLUMN timestamp_ms BIGINT;     -- of the record, as its source says
ALTER TABLE dead_letters ADD COLUMN format VARCHAR;
ALTER TABLE dead_letters ADD COLUMN stage VARCHAR;           -- decode | detect | parse | …: how far it came
ALTER TABLE dead_letters ADD COLUMN sha256 VARCHAR;          -- of the value as it was read
ALTER TABLE dead_letters ADD COLUMN n_bytes BIGINT;
ALTER TABLE dead_letters ADD COLUMN replayed_at TIMESTAMP;   -- NULL: it stands as rejected in outcomes
ALTER TABLE dead_letters ADD COLUMN replay_state VARCHAR;    -- what became of it then
ALTER TABLE dead_letters ADD COLUMN replay_reason VARCHAR;
ALTER TABLE dead_letters ADD COLUMN replay_run_id VARCHAR;
UPDATE dead_letters SET headers = [], stage = 'normalize', sha256 = sha256(value), n_bytes = octet_length(value);
