-- A row beyond 2 KB moves whatever it may out of itself: with the vector in the row (0006) that was its key. Neither moves
-- any more, and the vectors of prompts are stored like those of pictures.
ALTER TABLE dedup.image_embedding ALTER COLUMN file_sha256 SET STORAGE PLAIN;
ALTER TABLE dedup.prompt_embedding
    ALTER COLUMN prompt_sha256 SET STORAGE PLAIN,
    ALTER COLUMN embedding SET STORAGE PLAIN;
