-- Runs of the guard over the golden set. Of no customer: no report's figure and no ledger reads these tables.
CREATE TABLE golden_runs (
    run_id VARCHAR PRIMARY KEY,
    "at" TIMESTAMP NOT NULL,
    model_id VARCHAR NOT NULL,
    model_revision VARCHAR NOT NULL,
    prompt_hash VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    cases_hash VARCHAR NOT NULL,      -- over the files of cases: only runs over the same ones are compared
    policy_version VARCHAR NOT NULL,
    n INTEGER NOT NULL,               -- labelled cases without the canaries
    agreement DOUBLE,
    false_positive_rate DOUBLE,
    canaries INTEGER NOT NULL,
    canaries_caught INTEGER NOT NULL,
    unscorable INTEGER NOT NULL,
    alarms VARCHAR[] NOT NULL,
    seconds DOUBLE NOT NULL
);

CREATE TABLE golden_scores (
    run_id VARCHAR NOT NULL,
    place INTEGER NOT NULL,           -- in the order of the files of cases
    case_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,          -- "canary" is a planted one
    label DOUBLE NOT NULL,
    judgment DOUBLE,
    harm_score DOUBLE,
    escalated BOOLEAN NOT NULL,
    unscorable_reason VARCHAR
);
