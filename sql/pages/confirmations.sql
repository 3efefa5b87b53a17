-- One row is a unit that is expected to confirm its month, those of :cac_ma first, then those that are late.
-- Reads only.
SELECT
    x.ma_don_vi,
    x.ten_don_vi,
    x.cap,
    x.han,
    x.trang_thai,
    x.luc,
    x.nguoi,
    x.ly_do,
    x.so_cai,
    x.tre
FROM mart.xac_nhan AS x
WHERE x.ky = :ky AND (CAST(:don_vi AS text) IS NULL OR x.ma_don_vi = :don_vi)
ORDER BY
    x.ma_don_vi = ANY(CAST(:cac_ma AS text[])) DESC,
    x.tre DESC,
    array_position(ARRAY['da_doi', 'tu_choi', 'chua', 'da_xac_nhan'], x.trang_thai) ASC,
    x.cap ASC,
    x.ten_don_vi ASC,
    x.ma_don_vi ASC;
