-- How a verdict was reached, and what it says of the parts; see auditor/verdict.py for each.
ALTER TABLE verdicts ADD COLUMN protocol VARCHAR DEFAULT 'qta';
ALTER TABLE verdicts ADD COLUMN local_policy_hash VARCHAR;
ALTER TABLE verdicts ADD COLUMN content_hash VARCHAR;
ALTER TABLE verdicts ADD COLUMN reused_from VARCHAR;
ALTER TABLE verdicts ADD COLUMN triage_score DOUBLE;
ALTER TABLE verdicts ADD COLUMN sent_to_full VARCHAR;
ALTER TABLE verdicts ADD COLUMN inclusion DOUBLE;
ALTER TABLE verdicts ADD COLUMN samples INTEGER DEFAULT 1;
ALTER TABLE verdicts ADD COLUMN windows INTEGER DEFAULT 1;
ALTER TABLE verdicts ADD COLUMN calibration VARCHAR DEFAULT 'identity';
ALTER TABLE verdicts ADD COLUMN contributions MAP(VARCHAR, DOUBLE);
ALTER TABLE verdicts ADD COLUMN flags VARCHAR[];
ALTER TABLE verdicts ADD COLUMN adapted VARCHAR[];
