-- Up to which event of the audit trail a job has taken reviews into account: it runs again when enough came since.
CREATE TABLE job_news (
    job VARCHAR PRIMARY KEY,         -- calibrate | retrain
    seq BIGINT NOT NULL,
    "at" TIMESTAMP NOT NULL
);
