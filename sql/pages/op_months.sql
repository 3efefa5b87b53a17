-- One row is one month whose data or definitions changed after its figures were counted.
-- Reads only.
SELECT
    p.ky,
    p.refreshed_at,
    (
        SELECT array_agg(x.batch_id ORDER BY x.batch_id) FROM ops.batch_period AS x
        WHERE x.ky = p.ky AND x.changed > p.refreshed
    ) AS lo
FROM ops.period AS p
WHERE p.changed > p.refreshed
ORDER BY p.ky;
