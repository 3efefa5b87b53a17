-- Brings mart.chi_so in line with tinh_moi for the periods named by :cac_ky_loai and :cac_ky; one row of
-- ops.figure_change is one figure that changed thereby. Safe to repeat: rows that are the same are not touched.
DROP TABLE IF EXISTS doi;

-- The score is the sum of points that mart.diem_766 shows, which is written before.
UPDATE tinh_moi
SET
    gia_tri = d.diem,
    ly_do_na = NULL,
    dat = CASE dn.chieu
        WHEN 'tang' THEN d.diem >= tinh_moi.muc_tieu
        WHEN 'giam' THEN d.diem <= tinh_moi.muc_tieu
    END
FROM mart.diem_766 AS d
CROSS JOIN mart.dinh_nghia AS dn
WHERE
    tinh_moi.ma_chi_so = 'T16'
    AND tinh_moi.ma_chi_so = dn.ma_chi_so
    AND tinh_moi.phien_ban = dn.phien_ban
    AND tinh_moi.ky_loai = 'thang'
    AND tinh_moi.ky = d.ky
    AND tinh_moi.ma_don_vi = d.ma_don_vi
    AND d.nhom = ''
    AND d.diem IS NOT NULL;

CREATE TEMP TABLE doi ON COMMIT DROP AS
SELECT
    coalesce(moi.ky_loai, cu.ky_loai) AS ky_loai,
    coalesce(moi.ky, cu.ky) AS ky,
    coalesce(moi.ma_chi_so, cu.ma_chi_so) AS ma_chi_so,
    coalesce(moi.ma_don_vi, cu.ma_don_vi) AS ma_don_vi,
    cu.ma_chi_so IS NOT NULL AS co_cu,
    moi.ma_chi_so IS NOT NULL AS co_moi,
    cu.phien_ban AS phien_ban_cu,
    moi.phien_ban AS phien_ban_moi,
    cu.tu_so AS tu_so_cu,
    cu.mau_so AS mau_so_cu,
    cu.gia_tri AS gia_tri_cu,
    moi.tu_so AS tu_so_moi,
    moi.mau_so AS mau_so_moi,
    moi.gia_tri AS gia_tri_moi
FROM (
    -- Published ones: points may be given for a reading that is not.
    SELECT s.*
    FROM tinh_moi AS s
    INNER JOIN mart.dinh_nghia AS dn ON s.ma_chi_so = dn.ma_chi_so AND s.phien_ban = dn.phien_ban
    WHERE dn.bien_the_cua IS NULL
) AS moi
FULL OUTER JOIN (
    SELECT c.*
    FROM mart.chi_so AS c
    INNER JOIN
        unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
        ON c.ky_loai = chon.ky_loai AND c.ky = chon.ky
) AS cu
    ON
        moi.ky_loai = cu.ky_loai
        AND moi.ky = cu.ky
        AND moi.ma_chi_so = cu.ma_chi_so
        AND moi.ma_don_vi = cu.ma_don_vi
WHERE moi IS DISTINCT FROM cu;

INSERT INTO ops.figure_change (
    ky_loai, ky, ma_chi_so, ma_don_vi, phien_ban_cu, phien_ban_moi,
    tu_so_cu, mau_so_cu, gia_tri_cu, tu_so_moi, mau_so_moi, gia_tri_moi, batch_ids
)
SELECT
    doi.ky_loai,
    doi.ky,
    doi.ma_chi_so,
    doi.ma_don_vi,
    doi.phien_ban_cu,
    doi.phien_ban_moi,
    doi.tu_so_cu,
    doi.mau_so_cu,
    doi.gia_tri_cu,
    doi.tu_so_moi,
    doi.mau_so_moi,
    doi.gia_tri_moi,
    lo.batch_ids
FROM doi
INNER JOIN (
    SELECT
        ky.ky_loai,
        ky.ky,
        coalesce(
            array_agg(DISTINCT bp.batch_id) FILTER (WHERE bp.changed > coalesce(w.changed, 0)), '{}'
        ) AS batch_ids
    FROM mart.ky
    LEFT JOIN ops.period_written AS w ON ky.ky_loai = w.ky_loai AND ky.ky = w.ky
    LEFT JOIN ops.batch_period AS bp
        ON bp.ky BETWEEN to_char(ky.tu_ngay, 'YYYY-MM') AND to_char(ky.den_ngay, 'YYYY-MM')
    GROUP BY ky.ky_loai, ky.ky
) AS lo
    ON doi.ky_loai = lo.ky_loai AND doi.ky = lo.ky
WHERE
    doi.co_cu
    AND (doi.tu_so_cu, doi.mau_so_cu, doi.gia_tri_cu, doi.phien_ban_cu)
    IS DISTINCT FROM (doi.tu_so_moi, doi.mau_so_moi, doi.gia_tri_moi, doi.phien_ban_moi);

DELETE FROM mart.chi_so AS c
USING doi
WHERE
    doi.co_cu
    AND c.ky_loai = doi.ky_loai
    AND c.ky = doi.ky
    AND c.ma_chi_so = doi.ma_chi_so
    AND c.ma_don_vi = doi.ma_don_vi;

INSERT INTO mart.chi_so
SELECT moi.*
FROM tinh_moi AS moi
INNER JOIN doi
    ON
        doi.co_moi
        AND moi.ky_loai = doi.ky_loai
        AND moi.ky = doi.ky
        AND moi.ma_chi_so = doi.ma_chi_so
        AND moi.ma_don_vi = doi.ma_don_vi;

DELETE FROM ops.period_written AS w
USING unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
WHERE w.ky_loai = chon.ky_loai AND w.ky = chon.ky;

INSERT INTO ops.period_written (ky_loai, ky, changed)
SELECT
    chon.ky_loai,
    chon.ky,
    coalesce((SELECT max(bp.changed) FROM ops.batch_period AS bp), 0) AS changed
FROM unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky);

SELECT
    count(*) FILTER (WHERE NOT co_cu) AS added,
    count(*) FILTER (
        WHERE
        co_cu AND co_moi
        AND (tu_so_cu, mau_so_cu, gia_tri_cu, phien_ban_cu)
        IS DISTINCT FROM (tu_so_moi, mau_so_moi, gia_tri_moi, phien_ban_moi)
    ) AS changed,
    count(*) FILTER (WHERE NOT co_moi) AS removed,
    (
        SELECT count(*)
        FROM mart.chi_so AS c
        INNER JOIN
            unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
            ON c.ky_loai = chon.ky_loai AND c.ky = chon.ky
    ) AS total
FROM doi;
