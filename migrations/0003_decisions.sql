-- What people decided about pairs of pictures. Keyed by content, so that a decision outlives a move or a rename;
-- nothing is overwritten: the newest decision about a pair counts.

CREATE TABLE dedup.decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    left_sha256 bytea NOT NULL CHECK (octet_length(left_sha256) = 32),
    right_sha256 bytea NOT NULL CHECK (octet_length(right_sha256) = 32),
    verdict text NOT NULL CHECK (verdict IN ('same', 'not_same', 'keep_this')),
    kept_sha256 bytea CHECK (kept_sha256 IN (left_sha256, right_sha256)),
    decided_by text NOT NULL CHECK (decided_by <> ''),
    decided_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL DEFAULT '',
    CHECK (left_sha256 < right_sha256),
    CHECK ((verdict = 'keep_this') = (kept_sha256 IS NOT NULL))
);
CREATE INDEX decision_pair ON dedup.decision (left_sha256, right_sha256, decision_id DESC);

-- The newest decision about each pair.
CREATE VIEW dedup.current_decision AS
SELECT DISTINCT ON (left_sha256, right_sha256)
       left_sha256, right_sha256, verdict, kept_sha256, decided_by, decided_at, reason
FROM dedup.decision
ORDER BY left_sha256, right_sha256, decision_id DESC;
