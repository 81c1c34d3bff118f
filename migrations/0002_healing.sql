-- What keeps groups whole when rows are deleted or changed: every group has exactly one representative, its images
-- point at it, and no vector outlives the last image with its bytes.

-- Give each of these groups a representative where it has none, and point its images at the one it has.
-- First in line is an image whose bytes already have a vector of the current model (nothing to embed again),
-- then the order of keeping. EXECUTE plans each call anew: one group and a hundred thousand need different plans.
CREATE FUNCTION dedup.heal_groups(groups text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE $elect$
        UPDATE dedup.image SET is_embedding_representative = true, embedding_source_id = image_id
        WHERE image_id IN (
            SELECT DISTINCT ON (candidate.group_id) candidate.image_id
            FROM (SELECT DISTINCT unnest($1) AS group_id) AS touched
            JOIN dedup.image AS candidate USING (group_id)
            WHERE NOT EXISTS (
                SELECT FROM dedup.image AS kept
                WHERE kept.group_id = candidate.group_id AND kept.is_embedding_representative
            )
            ORDER BY candidate.group_id,
                EXISTS (
                    SELECT FROM dedup.image_embedding AS known
                    JOIN dedup.embedding_model USING (model_id)
                    WHERE known.file_sha256 = candidate.file_sha256 AND is_current
                ) DESC,
                candidate.keep_rank, candidate.path, candidate.image_id
        )
    $elect$ USING groups;
    EXECUTE $point$
        UPDATE dedup.image AS member SET embedding_source_id = kept.image_id
        FROM (SELECT DISTINCT unnest($1) AS group_id) AS touched
        JOIN dedup.image AS kept USING (group_id)
        WHERE kept.is_embedding_representative AND member.group_id = kept.group_id
          AND member.embedding_source_id IS DISTINCT FROM kept.image_id
    $point$ USING groups;
END
$$;

-- One pass a statement, however many rows it deletes.
CREATE FUNCTION dedup.heal_after_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE $dead$
        DELETE FROM dedup.image_embedding AS dead
        USING (SELECT DISTINCT file_sha256 FROM deleted) AS gone
        WHERE dead.file_sha256 = gone.file_sha256
          AND NOT EXISTS (SELECT FROM dedup.image WHERE image.file_sha256 = gone.file_sha256)
    $dead$;
    PERFORM dedup.heal_groups(
        (SELECT coalesce(array_agg(group_id), '{}') FROM deleted WHERE is_embedding_representative)
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER image_heal_after_delete AFTER DELETE ON dedup.image
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dedup.heal_after_delete();

-- An image whose bytes changed leaves the vector of its old bytes behind.
CREATE FUNCTION dedup.drop_outdated_vector() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM dedup.image_embedding
    WHERE file_sha256 = OLD.file_sha256
      AND NOT EXISTS (SELECT FROM dedup.image WHERE image.file_sha256 = OLD.file_sha256);
    RETURN NULL;
END
$$;
CREATE TRIGGER image_drop_outdated_vector AFTER UPDATE OF file_sha256 ON dedup.image
FOR EACH ROW WHEN (OLD.file_sha256 <> NEW.file_sha256) EXECUTE FUNCTION dedup.drop_outdated_vector();

CREATE FUNCTION dedup.drop_all_image_vectors() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM dedup.image_embedding;
    RETURN NULL;
END
$$;
CREATE TRIGGER image_drop_all_vectors AFTER TRUNCATE ON dedup.image
FOR EACH STATEMENT EXECUTE FUNCTION dedup.drop_all_image_vectors();

-- The vector of every image, its own or that of the image kept in its place; one row an image and model.
CREATE VIEW dedup.image_vector AS
SELECT image.image_id, image.path, image.group_id, image.is_embedding_representative, image.embedding_source_id,
       embedding_model.model, embedding_model.revision, image_embedding.embedding
FROM dedup.image
JOIN dedup.image AS source ON source.image_id = image.embedding_source_id
JOIN dedup.image_embedding ON image_embedding.file_sha256 = source.file_sha256
JOIN dedup.embedding_model USING (model_id);

-- What waits for the next run: every representative without a vector of the current model, and how many wait with it.
CREATE VIEW dedup.orphaned_images AS
SELECT image.image_id, image.path, image.file_sha256, image.group_id, embedding_model.model, embedding_model.revision,
       (SELECT count(*) FROM dedup.image AS member WHERE member.group_id = image.group_id) AS images_waiting
FROM dedup.image
CROSS JOIN dedup.embedding_model
WHERE image.is_embedding_representative AND embedding_model.is_current
  AND NOT EXISTS (
      SELECT FROM dedup.image_embedding
      WHERE image_embedding.model_id = embedding_model.model_id AND image_embedding.file_sha256 = image.file_sha256
  );
