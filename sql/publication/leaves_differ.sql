-- One row is a count of a unit in half a month whose published rows do not give it or its hash, in words. Reads only.
WITH d AS (
    SELECT
        h.ky,
        n.nua,
        h.ma_don_vi,
        n.phep_do,
        h.dong,
        n.so
    FROM (
        SELECT DISTINCT ON (c.ky, c.fact, c.dong) c.*
        FROM core.dong_cong_bo AS c
        ORDER BY c.ky ASC, c.fact ASC, c.dong ASC, c.so_cai DESC
    ) AS h
    CROSS JOIN
        LATERAL (
            SELECT
                1 AS nua,
                p.phep_do,
                coalesce(h.so_1[p.thu_tu], 1) AS so
            FROM unnest(h.nua_1) WITH ORDINALITY AS p (phep_do, thu_tu)
            UNION ALL
            SELECT
                2 AS nua,
                p.phep_do,
                coalesce(h.so_2[p.thu_tu], 1) AS so
            FROM unnest(h.nua_2) WITH ORDINALITY AS p (phep_do, thu_tu)
        ) AS n
    WHERE h.con
),

tu_dong AS (
    SELECT
        d.ky,
        d.nua,
        d.ma_don_vi,
        d.phep_do,
        sum(d.so)::bigint AS so,
        encode(
            sha256(convert_to(string_agg(d.dong || chr(31) || d.so, chr(10) ORDER BY d.dong), 'UTF8')), 'hex'
        ) AS ma_bam
    FROM d
    GROUP BY d.ky, d.nua, d.ma_don_vi, d.phep_do
),

ghi AS (
    SELECT *
    FROM (
        SELECT DISTINCT ON (c.ky, c.nua, c.ma_don_vi, c.phep_do) c.*
        FROM core.dem_cong_bo AS c
        ORDER BY c.ky ASC, c.nua ASC, c.ma_don_vi ASC, c.phep_do ASC, c.so_cai DESC
    ) AS moi_nhat
    WHERE so <> 0 OR ma_bam <> ''
)

SELECT
    format(
        '%s: half %s of %s, measure %s: its rows give %s, %s was published', coalesce(ghi.ky, t.ky),
        coalesce(ghi.nua, t.nua), coalesce(ghi.ma_don_vi, t.ma_don_vi), coalesce(ghi.phep_do, t.phep_do),
        coalesce(t.so, 0), coalesce(ghi.so, 0)
    ) AS what
FROM ghi
FULL OUTER JOIN tu_dong AS t
    ON ghi.ky = t.ky AND ghi.nua = t.nua AND ghi.ma_don_vi = t.ma_don_vi AND ghi.phep_do = t.phep_do
WHERE (ghi.so, ghi.ma_bam) IS DISTINCT FROM (t.so, t.ma_bam)
ORDER BY what;
