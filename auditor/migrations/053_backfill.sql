-- What a run was for: live (new records) or backfill (stored triples judged once more; no traffic of its day).
ALTER TABLE runs ADD COLUMN kind VARCHAR DEFAULT 'live';
