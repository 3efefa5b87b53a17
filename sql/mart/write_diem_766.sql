-- Brings mart.diem_766 in line with tinh_moi for the months among :cac_ky_loai, :cac_ky. One row is a sub-indicator,
-- a group or the total of one unit, level or the province. Safe to repeat: rows that are the same are not touched.
-- Formula: points = maximum × rate / threshold, at most the maximum (document of formulas of the national portal).
-- Groups and totals add up only what a document or the portal's answers confirm; the rest stands beside them.
DROP TABLE IF EXISTS diem_moi;

CREATE TEMP TABLE diem_moi ON COMMIT DROP AS
WITH so AS MATERIALIZED (
    SELECT s.*
    FROM tinh_moi AS s
    WHERE s.ky_loai = 'thang' AND s.ma_chi_so IN (SELECT t.ma_chi_so FROM mart.thang_diem_766 AS t)
),

don_vi AS (
    SELECT DISTINCT
        so.ky,
        so.den_ngay,
        so.ma_don_vi,
        so.ten_don_vi,
        so.cap
    FROM so
),

tung_phan AS (
    SELECT
        dv.ky,
        dv.ma_don_vi,
        dv.ten_don_vi,
        dv.cap,
        t.nhom,
        t.ten_nhom,
        t.ma,
        t.ten,
        so.tu_so,
        so.mau_so,
        so.gia_tri AS ty_le,
        coalesce(t.nguong, 100) AS nguong,
        -- least() passes over NULL: what cannot be computed must not earn the maximum.
        CASE
            WHEN so.gia_tri IS NOT NULL
                THEN round(
                    least(t.diem_toi_da, t.diem_toi_da * 100.0 * so.tu_so / so.mau_so / coalesce(t.nguong, 100)), 2
                )
        END AS diem,
        t.diem_toi_da,
        t.trang_thai,
        t.trang_thai <> 'chua_xac_nhan' AS xac_nhan,
        coalesce(t.ly_do_na, so.ly_do_na) AS ly_do_na
    FROM don_vi AS dv
    INNER JOIN mart.thang_diem_766 AS t
        ON
            dv.den_ngay BETWEEN t.hieu_luc_tu AND t.hieu_luc_den
            AND (t.cap = '{}' OR dv.cap = ANY(t.cap))
    LEFT JOIN so ON dv.ky = so.ky AND dv.ma_don_vi = so.ma_don_vi AND t.ma_chi_so = so.ma_chi_so
)

SELECT
    tung_phan.ky,
    tung_phan.ma_don_vi,
    tung_phan.ten_don_vi,
    tung_phan.cap,
    tung_phan.nhom,
    tung_phan.ma,
    tung_phan.ten,
    tung_phan.tu_so,
    tung_phan.mau_so,
    tung_phan.ty_le,
    tung_phan.nguong,
    tung_phan.diem,
    tung_phan.diem_toi_da,
    tung_phan.diem_toi_da AS diem_toi_da_ca_nhom,
    tung_phan.ly_do_na,
    tung_phan.trang_thai,
    NULL AS diem_chua_xac_nhan
FROM tung_phan
UNION ALL
SELECT
    t.ky,
    t.ma_don_vi,
    t.ten_don_vi,
    t.cap,
    coalesce(t.nhom, '') AS nhom,
    '' AS ma,
    CASE WHEN t.nhom IS NULL THEN 'Tổng điểm, phần tính được và đã xác nhận' ELSE min(t.ten_nhom) END AS ten,
    NULL AS tu_so,
    NULL AS mau_so,
    NULL AS ty_le,
    NULL AS nguong,
    sum(t.diem) FILTER (WHERE t.xac_nhan) AS diem,
    coalesce(sum(t.diem_toi_da) FILTER (WHERE t.xac_nhan AND t.diem IS NOT NULL), 0) AS diem_toi_da,
    sum(t.diem_toi_da) AS diem_toi_da_ca_nhom,
    CASE
        WHEN sum(t.diem) IS NULL THEN 'Không chỉ số thành phần nào tính được'
        WHEN sum(t.diem) FILTER (WHERE t.xac_nhan) IS NULL
            THEN 'Cách chấm của những chỉ số thành phần tính được chưa được xác nhận'
    END AS ly_do_na,
    NULL AS trang_thai,
    sum(t.diem) FILTER (WHERE NOT t.xac_nhan) AS diem_chua_xac_nhan
FROM tung_phan AS t
GROUP BY GROUPING SETS (
    (t.ky, t.ma_don_vi, t.ten_don_vi, t.cap, t.nhom), (t.ky, t.ma_don_vi, t.ten_don_vi, t.cap)
);

DELETE FROM mart.diem_766 AS d
USING unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
WHERE
    chon.ky_loai = 'thang'
    AND d.ky = chon.ky
    AND NOT EXISTS (
        SELECT 1
        FROM diem_moi AS moi
        WHERE
            moi.ky = d.ky
            AND moi.ma_don_vi = d.ma_don_vi
            AND moi.nhom = d.nhom
            AND moi.ma = d.ma
            AND (moi.ten_don_vi, moi.cap, moi.ten, moi.tu_so, moi.mau_so, moi.ty_le, moi.nguong, moi.diem)
            IS NOT DISTINCT FROM (d.ten_don_vi, d.cap, d.ten, d.tu_so, d.mau_so, d.ty_le, d.nguong, d.diem)
            AND (moi.diem_toi_da, moi.diem_toi_da_ca_nhom, moi.ly_do_na, moi.trang_thai, moi.diem_chua_xac_nhan)
            IS NOT DISTINCT FROM (d.diem_toi_da, d.diem_toi_da_ca_nhom, d.ly_do_na, d.trang_thai, d.diem_chua_xac_nhan)
    );

INSERT INTO mart.diem_766
SELECT moi.*
FROM diem_moi AS moi
WHERE NOT EXISTS (
    SELECT 1 FROM mart.diem_766 AS d
    WHERE d.ky = moi.ky AND d.ma_don_vi = moi.ma_don_vi AND d.nhom = moi.nhom AND d.ma = moi.ma
);
