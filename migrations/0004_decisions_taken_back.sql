-- A decision may be about one picture alone (keep it, whatever it stands beside: both ends are the same), and may be
-- taken back by a newer one, 'withdrawn', which leaves the tests to decide again.

ALTER TABLE dedup.decision
    DROP CONSTRAINT decision_verdict_check,
    DROP CONSTRAINT decision_check1,
    ADD CONSTRAINT verdict_is_known CHECK (verdict IN ('same', 'not_same', 'keep_this', 'withdrawn')),
    ADD CONSTRAINT ends_are_in_order CHECK (
        left_sha256 < right_sha256 OR (left_sha256 = right_sha256 AND verdict IN ('keep_this', 'withdrawn'))),
    ALTER COLUMN decided_at SET DEFAULT clock_timestamp();

-- The newest decision about each pair, or picture, that was not taken back.
CREATE OR REPLACE VIEW dedup.current_decision AS
SELECT left_sha256, right_sha256, verdict, kept_sha256, decided_by, decided_at, reason, decision_id
FROM (
    SELECT DISTINCT ON (left_sha256, right_sha256) *
    FROM dedup.decision
    ORDER BY left_sha256, right_sha256, decided_at DESC, decision_id DESC
) AS newest
WHERE verdict <> 'withdrawn';
