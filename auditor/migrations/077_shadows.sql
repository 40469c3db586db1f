-- Candidates that judged stored triples beside the guard that serves. Their verdicts are among all others, under runs of
-- the kind "shadow": no report counts them, and nobody is called for them.
CREATE TABLE shadows (
    run_id VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,          -- when it began
    model_revision VARCHAR NOT NULL,  -- the candidate's, with how it was asked
    prompt_hash VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    champion_revision VARCHAR NOT NULL,
    champion_prompt VARCHAR NOT NULL,
    champion_decoding VARCHAR NOT NULL
);
