-- Several stores share one server: each has its own images, groups and prompts; vectors belong to contents, and are shared.
-- Writers of images and vectors take turns, so that none of them sees half of another's work, and none is a deadlock's victim.

CREATE TABLE dedup.store (
    store_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store text NOT NULL UNIQUE,
    -- The model whose missing vectors dedup.orphaned_images lists for this store.
    model_id integer REFERENCES dedup.embedding_model (model_id) ON DELETE SET NULL,
    entered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Grows whenever rows or vectors of this store are deleted by another hand than the program's: the next run repairs it.
    losses bigint NOT NULL DEFAULT 0
);

-- What was here before has a store without a name, until the first store that comes takes it over.
INSERT INTO dedup.store (store, model_id)
SELECT '', (SELECT model_id FROM dedup.embedding_model WHERE is_current)
WHERE EXISTS (SELECT FROM dedup.image) OR EXISTS (SELECT FROM dedup.prompt_embedding);

DROP VIEW dedup.orphaned_images;
DROP VIEW dedup.image_vector;
ALTER TABLE dedup.embedding_model DROP COLUMN is_current;

ALTER TABLE dedup.image ADD COLUMN store_id integer NOT NULL DEFAULT 1;
ALTER TABLE dedup.image
    ALTER COLUMN store_id DROP DEFAULT,
    DROP CONSTRAINT image_embedding_source_id_fkey,
    DROP CONSTRAINT image_pkey,
    ADD PRIMARY KEY (store_id, image_id),
    ADD FOREIGN KEY (store_id) REFERENCES dedup.store (store_id) ON DELETE CASCADE,
    ADD FOREIGN KEY (store_id, embedding_source_id) REFERENCES dedup.image (store_id, image_id)
        DEFERRABLE INITIALLY DEFERRED;
DROP INDEX dedup.image_one_representative_a_group;
DROP INDEX dedup.image_group_id;
DROP INDEX dedup.image_embedding_source_id;
CREATE UNIQUE INDEX image_one_representative_a_group ON dedup.image (store_id, group_id)
WHERE is_embedding_representative;
CREATE INDEX image_group_id ON dedup.image (store_id, group_id);
CREATE INDEX image_embedding_source_id ON dedup.image (store_id, embedding_source_id);
CREATE INDEX image_path ON dedup.image (store_id, path COLLATE "C");

-- In the row itself a vector takes less room than beside it, and the planner knows what reading all of them costs.
ALTER TABLE dedup.image_embedding ALTER COLUMN embedding SET STORAGE PLAIN;

-- Which store has which prompts: the vector of a prompt is dead when no store has it any more.
CREATE TABLE dedup.prompt_use (
    store_id integer NOT NULL REFERENCES dedup.store (store_id) ON DELETE CASCADE,
    prompt_sha256 bytea NOT NULL CHECK (octet_length(prompt_sha256) = 32),
    PRIMARY KEY (prompt_sha256, store_id)
);
INSERT INTO dedup.prompt_use SELECT DISTINCT store_id, prompt_sha256 FROM dedup.prompt_embedding, dedup.store;

-- Held to the end of the transaction, and taken before any row is locked: so no two writers ever wait for each other.
CREATE FUNCTION dedup.wait_for_turn() RETURNS void
LANGUAGE sql VOLATILE
AS 'SELECT pg_advisory_xact_lock(130177832349554)';

CREATE FUNCTION dedup.take_turn() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dedup.wait_for_turn();
    RETURN NULL;
END
$$;
CREATE TRIGGER image_take_turn BEFORE INSERT OR UPDATE OR DELETE ON dedup.image
FOR EACH STATEMENT EXECUTE FUNCTION dedup.take_turn();
CREATE TRIGGER image_embedding_take_turn BEFORE INSERT OR UPDATE OR DELETE ON dedup.image_embedding
FOR EACH STATEMENT EXECUTE FUNCTION dedup.take_turn();
CREATE TRIGGER store_take_turn BEFORE INSERT OR UPDATE OR DELETE ON dedup.store
FOR EACH STATEMENT EXECUTE FUNCTION dedup.take_turn();

-- As before (0002), within a store: the groups are named by two arrays of equal length.
DROP FUNCTION dedup.heal_groups(text[]);
CREATE FUNCTION dedup.heal_groups(stores integer[], groups text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE $elect$
        UPDATE dedup.image SET is_embedding_representative = true, embedding_source_id = image_id
        WHERE (store_id, image_id) IN (
            SELECT DISTINCT ON (candidate.store_id, candidate.group_id) candidate.store_id, candidate.image_id
            FROM (SELECT DISTINCT store_id, group_id FROM unnest($1, $2) AS named (store_id, group_id)) AS touched
            JOIN dedup.image AS candidate USING (store_id, group_id)
            JOIN dedup.store USING (store_id)
            WHERE NOT EXISTS (
                SELECT FROM dedup.image AS kept
                WHERE kept.store_id = candidate.store_id AND kept.group_id = candidate.group_id
                  AND kept.is_embedding_representative
            )
            ORDER BY candidate.store_id, candidate.group_id,
                EXISTS (
                    SELECT FROM dedup.image_embedding AS known
                    WHERE known.file_sha256 = candidate.file_sha256 AND known.model_id = store.model_id
                ) DESC,
                candidate.keep_rank, candidate.path, candidate.image_id
        )
    $elect$ USING stores, groups;
    EXECUTE $point$
        UPDATE dedup.image AS member SET embedding_source_id = kept.image_id
        FROM (SELECT DISTINCT store_id, group_id FROM unnest($1, $2) AS named (store_id, group_id)) AS touched
        JOIN dedup.image AS kept USING (store_id, group_id)
        WHERE kept.is_embedding_representative
          AND member.store_id = kept.store_id AND member.group_id = kept.group_id
          AND member.embedding_source_id IS DISTINCT FROM kept.image_id
    $point$ USING stores, groups;
END
$$;

CREATE OR REPLACE FUNCTION dedup.heal_after_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE $dead$
        DELETE FROM dedup.image_embedding AS dead
        USING (SELECT DISTINCT file_sha256 FROM deleted) AS gone
        WHERE dead.file_sha256 = gone.file_sha256
          AND NOT EXISTS (SELECT FROM dedup.image WHERE image.file_sha256 = gone.file_sha256)
    $dead$;
    PERFORM dedup.heal_groups(coalesce(array_agg(store_id), '{}'), coalesce(array_agg(group_id), '{}'))
    FROM deleted WHERE is_embedding_representative;
    UPDATE dedup.store SET losses = losses + 1
    WHERE store_id IN (SELECT store_id FROM deleted)
      AND coalesce(current_setting('dedup.removes_what_is_gone', true), '') <> 'yes';
    RETURN NULL;
END
$$;

-- A vector that somebody deletes while an image still uses it is missed by the next run.
CREATE FUNCTION dedup.notice_lost_vectors() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE dedup.store SET losses = losses + 1
    WHERE store_id IN (
        SELECT image.store_id FROM deleted
        JOIN dedup.image USING (file_sha256)
        JOIN dedup.store AS using_it ON using_it.store_id = image.store_id AND using_it.model_id = deleted.model_id
        WHERE image.is_embedding_representative
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER image_embedding_notice_lost AFTER DELETE ON dedup.image_embedding
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dedup.notice_lost_vectors();

CREATE FUNCTION dedup.notice_emptied_table() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE dedup.store SET losses = losses + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER image_notice_emptied AFTER TRUNCATE ON dedup.image
FOR EACH STATEMENT EXECUTE FUNCTION dedup.notice_emptied_table();
CREATE TRIGGER image_embedding_notice_emptied AFTER TRUNCATE ON dedup.image_embedding
FOR EACH STATEMENT EXECUTE FUNCTION dedup.notice_emptied_table();

-- The vector of every image, its own or that of the image kept in its place; one row an image and model.
CREATE VIEW dedup.image_vector AS
SELECT store.store, image.image_id, image.path, image.group_id, image.is_embedding_representative,
       image.embedding_source_id, embedding_model.model, embedding_model.revision, image_embedding.embedding
FROM dedup.image
JOIN dedup.store USING (store_id)
JOIN dedup.image AS source ON source.store_id = image.store_id AND source.image_id = image.embedding_source_id
JOIN dedup.image_embedding ON image_embedding.file_sha256 = source.file_sha256
JOIN dedup.embedding_model ON embedding_model.model_id = image_embedding.model_id;

-- What waits for the next run: every representative without a vector of its store's model, and how many wait with it.
CREATE VIEW dedup.orphaned_images AS
SELECT store.store, image.image_id, image.path, image.file_sha256, image.group_id, embedding_model.model,
       embedding_model.revision,
       (SELECT count(*) FROM dedup.image AS member
        WHERE member.store_id = image.store_id AND member.group_id = image.group_id) AS images_waiting
FROM dedup.image
JOIN dedup.store USING (store_id)
JOIN dedup.embedding_model USING (model_id)
WHERE image.is_embedding_representative
  AND NOT EXISTS (
      SELECT FROM dedup.image_embedding
      WHERE image_embedding.model_id = store.model_id AND image_embedding.file_sha256 = image.file_sha256
  );
