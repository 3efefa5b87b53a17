-- One row is a count of a unit in half a month whose published rows do not give it or its hash, in words. Reads only.
WITH ghi AS (
    SELECT c.*
    FROM core.dem_den() AS c
    WHERE c.so <> 0 OR c.ma_bam <> ''
)

SELECT
    format(
        '%s: half %s of %s, measure %s: its rows give %s, %s was published', coalesce(ghi.ky, t.ky),
        coalesce(ghi.nua, t.nua), coalesce(ghi.ma_don_vi, t.ma_don_vi), coalesce(ghi.phep_do, t.phep_do),
        coalesce(t.so, 0), coalesce(ghi.so, 0)
    ) AS what
FROM ghi
FULL OUTER JOIN core.dem_dong_den() AS t
    ON ghi.ky = t.ky AND ghi.nua = t.nua AND ghi.ma_don_vi = t.ma_don_vi AND ghi.phep_do = t.phep_do
WHERE (ghi.so, ghi.ma_bam) IS DISTINCT FROM (t.so, t.ma_bam)
ORDER BY what;
