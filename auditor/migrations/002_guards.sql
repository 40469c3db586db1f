-- What other guards, whose word the log carries, said of a triple; beside it, never a verdict.
ALTER TABLE triples ADD COLUMN guards
    STRUCT(guard VARCHAR, stage VARCHAR, verdict VARCHAR, categories VARCHAR[], score DOUBLE)[];
