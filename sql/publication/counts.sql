-- Counts the closed month :ky from its published rows, as core.tong_hop and its finer tables have it; what was not
-- measured when it was closed is taken from what is counted now. :vi_tri, :linh_vuc, :tthc: where each measure
-- stands in the arrays and bits (`cho`), its number (`phep_do`), whether it was known then (`biet`). Safe to repeat.
DELETE FROM core.tong_hop_chot WHERE ky = :ky;
DELETE FROM core.tong_hop_linh_vuc_chot WHERE ky = :ky;
DELETE FROM core.tong_hop_tthc_chot WHERE ky = :ky;

DROP TABLE IF EXISTS dem_chot;

CREATE TEMP TABLE dem_chot ON COMMIT DROP AS
WITH d AS (
    SELECT *
    FROM (
        SELECT DISTINCT ON (c.fact, c.dong) c.*
        FROM core.dong_cong_bo AS c
        WHERE c.ky = :ky
        ORDER BY c.fact ASC, c.dong ASC, c.so_cai DESC
    ) AS moi_nhat
    WHERE moi_nhat.con
)

SELECT
    CAST(:tu_ngay AS date) AS tu_ngay,
    d.ma_don_vi,
    d.ma_linh_vuc,
    d.ma_tthc,
    p.phep_do,
    sum(coalesce(d.so_1[p.thu_tu], 1))::bigint AS so,
    max(d.ngay_cap_nhat) AS moi_nhat
FROM d
CROSS JOIN LATERAL unnest(d.nua_1) WITH ORDINALITY AS p (phep_do, thu_tu)
GROUP BY d.ma_don_vi, d.ma_linh_vuc, d.ma_tthc, p.phep_do
UNION ALL
SELECT
    CAST(:giua AS date) AS tu_ngay,
    d.ma_don_vi,
    d.ma_linh_vuc,
    d.ma_tthc,
    p.phep_do,
    sum(coalesce(d.so_2[p.thu_tu], 1))::bigint AS so,
    max(d.ngay_cap_nhat) AS moi_nhat
FROM d
CROSS JOIN LATERAL unnest(d.nua_2) WITH ORDINALITY AS p (phep_do, thu_tu)
GROUP BY d.ma_don_vi, d.ma_linh_vuc, d.ma_tthc, p.phep_do;

INSERT INTO core.tong_hop_chot (ky, tu_ngay, ma_don_vi, so, moi_nhat)
WITH vi_tri AS (
    SELECT * FROM jsonb_to_recordset(CAST(:vi_tri AS jsonb)) AS v (cho integer, phep_do smallint, biet boolean)
),

dem AS (
    SELECT
        c.tu_ngay,
        c.ma_don_vi,
        v.cho,
        sum(c.so) AS so,
        max(c.moi_nhat) AS moi_nhat
    FROM dem_chot AS c
    INNER JOIN vi_tri AS v ON c.phep_do = v.phep_do AND v.biet
    GROUP BY c.tu_ngay, c.ma_don_vi, v.cho
    UNION ALL
    SELECT
        t.tu_ngay,
        t.ma_don_vi,
        v.cho,
        t.so[v.cho] AS so,
        NULL AS moi_nhat
    FROM core.tong_hop AS t
    CROSS JOIN vi_tri AS v
    WHERE t.ky = :ky AND NOT v.biet
)

SELECT
    :ky AS ky,
    u.tu_ngay,
    u.ma_don_vi,
    array_agg(coalesce(dem.so, 0)::bigint ORDER BY v.cho) AS so,
    max(dem.moi_nhat) AS moi_nhat
FROM (SELECT DISTINCT dem.tu_ngay, dem.ma_don_vi FROM dem) AS u
CROSS JOIN vi_tri AS v
LEFT JOIN dem ON u.tu_ngay = dem.tu_ngay AND u.ma_don_vi = dem.ma_don_vi AND v.cho = dem.cho
GROUP BY u.tu_ngay, u.ma_don_vi;

INSERT INTO core.tong_hop_linh_vuc_chot (ky, tu_ngay, ma_don_vi, ma_linh_vuc, so)
WITH vi_tri AS (
    SELECT * FROM jsonb_to_recordset(CAST(:linh_vuc AS jsonb)) AS v (cho integer, phep_do smallint, biet boolean)
),

dem AS (
    SELECT
        c.tu_ngay,
        c.ma_don_vi,
        c.ma_linh_vuc,
        v.cho,
        sum(c.so) AS so
    FROM dem_chot AS c
    INNER JOIN vi_tri AS v ON c.phep_do = v.phep_do AND v.biet
    GROUP BY c.tu_ngay, c.ma_don_vi, c.ma_linh_vuc, v.cho
    UNION ALL
    SELECT
        t.tu_ngay,
        t.ma_don_vi,
        t.ma_linh_vuc,
        v.cho,
        t.so[v.cho] AS so
    FROM core.tong_hop_linh_vuc AS t
    CROSS JOIN vi_tri AS v
    WHERE t.ky = :ky AND NOT v.biet
)

SELECT
    :ky AS ky,
    u.tu_ngay,
    u.ma_don_vi,
    u.ma_linh_vuc,
    array_agg(coalesce(dem.so, 0)::bigint ORDER BY v.cho) AS so
FROM (SELECT DISTINCT dem.tu_ngay, dem.ma_don_vi, dem.ma_linh_vuc FROM dem) AS u
CROSS JOIN vi_tri AS v
LEFT JOIN dem
    ON u.tu_ngay = dem.tu_ngay AND u.ma_don_vi = dem.ma_don_vi AND u.ma_linh_vuc = dem.ma_linh_vuc AND v.cho = dem.cho
GROUP BY u.tu_ngay, u.ma_don_vi, u.ma_linh_vuc;

INSERT INTO core.tong_hop_tthc_chot (ky, tu_ngay, ma_don_vi, ma_tthc, co)
WITH vi_tri AS (
    SELECT * FROM jsonb_to_recordset(CAST(:tthc AS jsonb)) AS v (cho integer, phep_do smallint, biet boolean)
)

SELECT
    :ky AS ky,
    x.tu_ngay,
    x.ma_don_vi,
    x.ma_tthc,
    bit_or(x.co) AS co
FROM (
    SELECT
        c.tu_ngay,
        c.ma_don_vi,
        c.ma_tthc,
        1::bigint << v.cho AS co
    FROM dem_chot AS c
    INNER JOIN vi_tri AS v ON c.phep_do = v.phep_do AND v.biet
    WHERE c.so > 0
    UNION ALL
    SELECT
        t.tu_ngay,
        t.ma_don_vi,
        t.ma_tthc,
        t.co & (SELECT coalesce(bit_or(1::bigint << v.cho), 0) FROM vi_tri AS v WHERE NOT v.biet) AS co
    FROM core.tong_hop_tthc AS t
    WHERE t.ky = :ky
) AS x
WHERE x.co <> 0
GROUP BY x.tu_ngay, x.ma_don_vi, x.ma_tthc;
