-- One row is one dataset that is pulled, with its last pull and how far it is known.
-- Reads only.
SELECT
    d.dataset,
    b.batch_id,
    b.landed_at,
    b.window_to,
    b.status,
    b.judgement,
    t.tinh_den
FROM unnest(CAST(:datasets AS text[])) WITH ORDINALITY AS d (dataset, thu_tu)
LEFT JOIN LATERAL (
    SELECT x.* FROM ops.batch AS x
    WHERE x.dataset = d.dataset AND x.origin = 'api'
    ORDER BY x.window_to DESC NULLS LAST, x.batch_id DESC
    LIMIT 1
) AS b ON TRUE
LEFT JOIN core.tinh_den AS t ON d.dataset = t.dataset
ORDER BY d.thu_tu;
