-- Images, their vectors, and the prompts' vectors. Forward only: a file that was applied is never edited.
-- The schema "dedup" and its table of migrations are made by the runner (dedup_assets/resources/migrations.py).

CREATE EXTENSION IF NOT EXISTS vector;

DO $$
BEGIN
    IF string_to_array(split_part((SELECT extversion FROM pg_extension WHERE extname = 'vector'), '-', 1), '.')::int[]
       < ARRAY[0, 8, 5] THEN
        RAISE EXCEPTION 'the server has pgvector %, and 0.8.5 or later is needed',
            (SELECT extversion FROM pg_extension WHERE extname = 'vector');
    END IF;
END
$$;

-- SHA-256 of a recipe's canonical text, in hexadecimal; null for a recipe that is not known, so that
-- images without metadata never hash alike.
CREATE FUNCTION dedup.compute_metadata_hash(canonical_text text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(sha256(convert_to(canonical_text, 'UTF8')), 'hex');

-- One row a model and revision: vectors of different rows here are never compared with each other.
CREATE TABLE dedup.embedding_model (
    model_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL,
    revision text NOT NULL,
    dimension integer NOT NULL CHECK (dimension BETWEEN 1 AND 4000),
    is_current boolean NOT NULL DEFAULT false,
    registered_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (model, revision),
    UNIQUE (model_id, dimension)
);
-- The current model is the one whose missing vectors dedup.orphaned_images lists.
CREATE UNIQUE INDEX embedding_model_only_one_current ON dedup.embedding_model (is_current) WHERE is_current;

-- One row an image. `keep_rank` orders a group by what is kept first; `embedding_source_id` is the image whose
-- vector this one uses (itself for a representative). The check of the reference waits for the commit, because a
-- statement may bring or remove a group in any order.
CREATE TABLE dedup.image (
    image_id bigint PRIMARY KEY CHECK (image_id > 0),
    path text NOT NULL,
    file_sha256 bytea NOT NULL CHECK (octet_length(file_sha256) = 32),
    metadata_hash text CHECK (metadata_hash ~ '^[0-9a-f]{64}$'),
    group_id text NOT NULL,
    keep_rank bigint NOT NULL,
    embedding_source_id bigint REFERENCES dedup.image (image_id) DEFERRABLE INITIALLY DEFERRED,
    is_embedding_representative boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX image_one_representative_a_group ON dedup.image (group_id) WHERE is_embedding_representative;
CREATE INDEX image_group_id ON dedup.image (group_id);
CREATE INDEX image_file_sha256 ON dedup.image (file_sha256);
CREATE INDEX image_embedding_source_id ON dedup.image (embedding_source_id);
CREATE INDEX image_metadata_hash ON dedup.image (metadata_hash) WHERE metadata_hash IS NOT NULL;

-- One vector a content and model; the dimension is fixed by the model.
CREATE TABLE dedup.image_embedding (
    model_id integer NOT NULL,
    file_sha256 bytea NOT NULL CHECK (octet_length(file_sha256) = 32),
    dimension integer NOT NULL,
    embedding halfvec NOT NULL CHECK (vector_dims(embedding) = dimension AND l2_norm(embedding) > 0),
    PRIMARY KEY (model_id, file_sha256),
    FOREIGN KEY (model_id, dimension) REFERENCES dedup.embedding_model (model_id, dimension)
);
CREATE INDEX image_embedding_file_sha256 ON dedup.image_embedding (file_sha256);

-- One vector a distinct prompt and model.
CREATE TABLE dedup.prompt_embedding (
    model_id integer NOT NULL,
    prompt_sha256 bytea NOT NULL CHECK (octet_length(prompt_sha256) = 32),
    dimension integer NOT NULL,
    embedding halfvec NOT NULL CHECK (vector_dims(embedding) = dimension AND l2_norm(embedding) > 0),
    PRIMARY KEY (model_id, prompt_sha256),
    FOREIGN KEY (model_id, dimension) REFERENCES dedup.embedding_model (model_id, dimension)
);
