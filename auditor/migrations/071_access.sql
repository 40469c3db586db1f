-- Who may log in, and with what; see auditor/access. What changed, when and by whom is in `events`. No primary keys:
-- names are compared casefolded, and a row that is released and sealed anew would run into one.
CREATE TABLE users (
    id VARCHAR NOT NULL,             -- the name casefolded: one of each
    name VARCHAR NOT NULL,           -- as it is shown, and as votes and the audit trail have it
    password_hash VARCHAR,           -- argon2id with its parameters; NULL: comes through the proxy alone
    roles VARCHAR[] NOT NULL,        -- viewer | reviewer | expert | approver | admin
    tenants VARCHAR[],               -- those that this person sees; NULL: all
    disabled BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,           -- sessions that were begun under another one are over
    added_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- Tokens for programs, each of one user. A token may do what its scopes name and its user may.
CREATE TABLE api_tokens (
    id VARCHAR NOT NULL,             -- the second part of the token
    user_id VARCHAR NOT NULL,
    secret_sha256 VARCHAR NOT NULL,  -- of the third part, which is random: hex; the token itself is nowhere
    scopes VARCHAR[] NOT NULL,       -- rights
    note VARCHAR NOT NULL,           -- what it is for
    made_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    batch BIGINT,
    salt BLOB,
    leaf BLOB
);

-- The last day on which a token was used.
CREATE TABLE token_uses (
    token_id VARCHAR NOT NULL,
    "day" DATE NOT NULL
);

-- Sessions that were ended by logging out, until they would have ended by themselves.
CREATE TABLE ended_sessions (
    id VARCHAR NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
