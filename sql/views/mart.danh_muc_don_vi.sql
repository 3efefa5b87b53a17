CREATE VIEW mart.danh_muc_don_vi WITH (security_invoker = on) AS
WITH don_vi AS (
    SELECT DISTINCT ON (d.ma_don_vi)
        d.ma_don_vi,
        d.ten_don_vi,
        d.cap,
        d.ma_don_vi_ke_thua,
        min(d.valid_from) OVER (PARTITION BY d.ma_don_vi) AS tu,
        d.valid_to AS den
    FROM core.don_vi AS d
    ORDER BY d.ma_don_vi ASC, d.valid_from DESC
)

SELECT
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    FALSE AS la_dong_tong,
    -- Excel and Power BI have no date for without beginning or end.
    CASE WHEN isfinite(d.tu) THEN d.tu END AS hieu_luc_tu,
    CASE WHEN isfinite(d.den) THEN d.den END AS hieu_luc_den,
    d.ma_don_vi_ke_thua
FROM don_vi AS d
UNION ALL
SELECT
    core.ma_tong(tong.cap) AS ma_don_vi,
    tong.ten_don_vi,
    tong.cap,
    TRUE AS la_dong_tong,
    NULL AS hieu_luc_tu,
    NULL AS hieu_luc_den,
    NULL AS ma_don_vi_ke_thua
FROM (
    SELECT
        muc.cap,
        c.ten_don_vi
    FROM (VALUES ('toan_tinh'), ('so_nganh'), ('huyen'), ('xa')) AS muc (cap)
    -- By its key in the newest period that has it: to look for it among all figures takes longer than all else here.
    CROSS JOIN
        LATERAL (
            SELECT f.ten_don_vi
            FROM mart.ky AS k
            CROSS JOIN
                LATERAL (
                    SELECT x.ten_don_vi
                    FROM mart.chi_so AS x
                    WHERE x.ky_loai = k.ky_loai AND x.ky = k.ky AND x.ma_don_vi = core.ma_tong(muc.cap)
                    ORDER BY x.ma_chi_so ASC
                    LIMIT 1
                ) AS f
            ORDER BY k.den_ngay DESC
            LIMIT 1
        ) AS c
) AS tong;
COMMENT ON VIEW mart.danh_muc_don_vi IS
'Một dòng = một mã đơn vị hoặc dòng tổng, theo lần mô tả mới nhất; ma_don_vi là khoá, ngày không vô hạn.';
COMMENT ON COLUMN mart.danh_muc_don_vi.ma_don_vi IS 'Mã đơn vị, không lặp; TONG:<cap> là dòng tổng của một cấp.';
COMMENT ON COLUMN mart.danh_muc_don_vi.ten_don_vi IS 'Tên mới nhất; tên qua các thời kỳ ở mart.don_vi.';
COMMENT ON COLUMN mart.danh_muc_don_vi.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.danh_muc_don_vi.la_dong_tong IS 'TRUE: dòng của cả một cấp hoặc toàn tỉnh.';
COMMENT ON COLUMN mart.danh_muc_don_vi.hieu_luc_tu IS 'Ngày đầu có hiệu lực; NULL khi không rõ.';
COMMENT ON COLUMN mart.danh_muc_don_vi.hieu_luc_den IS 'Ngày cuối có hiệu lực; NULL khi đang còn.';
COMMENT ON COLUMN mart.danh_muc_don_vi.ma_don_vi_ke_thua IS 'Đơn vị kế thừa khi hết hiệu lực.';
GRANT SELECT ON mart.danh_muc_don_vi TO cchc_bi, cchc_steward, cchc_don_vi;
