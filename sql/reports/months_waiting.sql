-- One row is one month that was to be counted again before a moment and still is, with when that load was.
-- Reads only. Months that wait for other reasons than a load (definitions, deadlines) have no moment and are left out.
SELECT
    p.ky,
    min(b.loaded_at) AS tu_luc
FROM ops.period AS p
INNER JOIN ops.batch_period AS bp ON p.ky = bp.ky AND p.refreshed < bp.changed
INNER JOIN ops.batch AS b ON bp.batch_id = b.batch_id
WHERE p.changed > p.refreshed
GROUP BY p.ky
HAVING min(b.loaded_at) < :truoc
ORDER BY p.ky ASC;
