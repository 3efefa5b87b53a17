-- Brings the rows of one period in mart.chi_so in line with chi_so_moi; one row of ops.figure_change
-- is one figure that changed thereby. Safe to repeat: rows that are the same are not touched.
DROP TABLE IF EXISTS doi;

CREATE TEMP TABLE doi ON COMMIT DROP AS
SELECT
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
FROM chi_so_moi AS moi
FULL OUTER JOIN (
    SELECT *
    FROM mart.chi_so
    WHERE ky_loai = :ky_loai AND ky = :ky
) AS cu
    ON moi.ma_chi_so = cu.ma_chi_so AND moi.ma_don_vi = cu.ma_don_vi
WHERE moi IS DISTINCT FROM cu;

INSERT INTO ops.figure_change (
    ky_loai, ky, ma_chi_so, ma_don_vi, phien_ban_cu, phien_ban_moi,
    tu_so_cu, mau_so_cu, gia_tri_cu, tu_so_moi, mau_so_moi, gia_tri_moi, batch_ids
)
SELECT
    :ky_loai AS ky_loai,
    :ky AS ky,
    ma_chi_so,
    ma_don_vi,
    phien_ban_cu,
    phien_ban_moi,
    tu_so_cu,
    mau_so_cu,
    gia_tri_cu,
    tu_so_moi,
    mau_so_moi,
    gia_tri_moi,
    (
        SELECT coalesce(array_agg(bp.batch_id ORDER BY bp.batch_id), '{}')
        FROM ops.batch_period AS bp
        INNER JOIN ops.period AS p ON bp.ky = p.ky
        WHERE bp.ky = :ky AND bp.changed > p.refreshed
    ) AS batch_ids
FROM doi
WHERE
    co_cu
    AND (tu_so_cu, mau_so_cu, gia_tri_cu, phien_ban_cu)
    IS DISTINCT FROM (tu_so_moi, mau_so_moi, gia_tri_moi, phien_ban_moi);

DELETE FROM mart.chi_so AS c
USING doi
WHERE
    c.ky_loai = :ky_loai
    AND c.ky = :ky
    AND c.ma_chi_so = doi.ma_chi_so
    AND c.ma_don_vi = doi.ma_don_vi;

INSERT INTO mart.chi_so (
    ky_loai, ky, tu_ngay, den_ngay, ma_chi_so, phien_ban, ma_don_vi, ten_don_vi, cap,
    tu_so, mau_so, gia_tri, ly_do_na, muc_tieu, dat, trang_thai, revision, as_of
)
SELECT
    moi.ky_loai,
    moi.ky,
    moi.tu_ngay,
    moi.den_ngay,
    moi.ma_chi_so,
    moi.phien_ban,
    moi.ma_don_vi,
    moi.ten_don_vi,
    moi.cap,
    moi.tu_so,
    moi.mau_so,
    moi.gia_tri,
    moi.ly_do_na,
    moi.muc_tieu,
    moi.dat,
    moi.trang_thai,
    moi.revision,
    moi.as_of
FROM chi_so_moi AS moi
INNER JOIN doi ON moi.ma_chi_so = doi.ma_chi_so AND moi.ma_don_vi = doi.ma_don_vi;

SELECT
    count(*) FILTER (WHERE NOT co_cu) AS added,
    count(*) FILTER (
        WHERE
        co_cu AND co_moi
        AND (tu_so_cu, mau_so_cu, gia_tri_cu, phien_ban_cu)
        IS DISTINCT FROM (tu_so_moi, mau_so_moi, gia_tri_moi, phien_ban_moi)
    ) AS changed,
    count(*) FILTER (WHERE NOT co_moi) AS removed,
    (SELECT count(*) FROM chi_so_moi) AS total
FROM doi;
