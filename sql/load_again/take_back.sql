-- Which other batches may hold a state of what was taken out of core, given its days (`lay_ra_ngay`): core keeps only
-- the newest one. A batch all of whose lines stand in core holds none.
-- Safe to repeat; reads the counts of batches and writes ops.reopened.
INSERT INTO ops.reopened (batch_id, caused_by, reason)
SELECT
    b.batch_id,
    :batch_id,
    'tra_lai'
FROM ops.batch AS b
LEFT JOIN giu_theo_lo AS giu ON b.batch_id = giu.batch_id
WHERE
    b.dataset = :dataset
    AND b.status = 'loaded'
    AND b.batch_id <> :batch_id
    AND (b.lines_superseded > 0 OR b.lines_accepted > coalesce(giu.so, 0))
    AND EXISTS (
        SELECT 1 FROM lay_ra_ngay AS l
        WHERE
            coalesce(b.window_to, b.extracted_at, 'infinity') >= l.tu
            AND coalesce(b.window_from, '-infinity') <= l.den
    )
ON CONFLICT DO NOTHING
