-- One row is one loaded batch whose lines do not add up: read = accepted + rejected + superseded, each counted on
-- its own; as many rejects are kept as were counted; a total that the export states is what was read. Reads only.
SELECT
    'batch ' || b.batch_id || ' (' || b.dataset || '): ' || concat_ws(
        ' ',
        coalesce(b.lines_read::text, '?'),
        'read,',
        coalesce(b.lines_accepted::text, '?'),
        'accepted,',
        coalesce(b.lines_rejected::text, '?'),
        'rejected (' || r.kept || ' kept),',
        coalesce(b.lines_superseded::text, '?'),
        'superseded, stated',
        coalesce(b.stated_total::text, 'nothing')
    ) AS what
FROM ops.batch AS b
CROSS JOIN
    LATERAL (
        SELECT count(*) AS kept FROM ops.reject AS r
        WHERE r.batch_id = b.batch_id
    ) AS r
WHERE
    b.status = 'loaded'
    AND (
        b.lines_read IS DISTINCT FROM b.lines_accepted + b.lines_rejected + b.lines_superseded
        -- What was judged again and not loaded anew yet keeps the rejects of that judgement.
        OR (b.judged_again IS NULL AND b.lines_rejected IS DISTINCT FROM r.kept)
        OR b.stated_total <> b.lines_read
    )
ORDER BY b.batch_id;
