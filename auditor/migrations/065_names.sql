-- What readers of a report are to know of a run, such as that its records are made up; NULL for nothing.
ALTER TABLE runs ADD COLUMN note VARCHAR;

-- How a triple is named to those who trace it, so that a verdict finds its span; NULL where the log has no such names.
ALTER TABLE triples ADD COLUMN trace_id VARCHAR;
ALTER TABLE triples ADD COLUMN span_id VARCHAR;
