-- Which worker is at which prompt: two of them never compute one vector. A claim ends with the vector, or when its time is
-- over because the worker was killed.
CREATE TABLE dedup.prompt_claim (
    model_id integer NOT NULL REFERENCES dedup.embedding_model (model_id) ON DELETE CASCADE,
    prompt_sha256 bytea NOT NULL CHECK (octet_length(prompt_sha256) = 32),
    claimed_by text NOT NULL,
    claimed_until timestamptz NOT NULL,
    PRIMARY KEY (model_id, prompt_sha256)
);
CREATE INDEX prompt_claim_claimed_by ON dedup.prompt_claim (claimed_by);
