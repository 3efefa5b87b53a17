-- One row is a unit as it was last known, with the level that it is at.
-- Reads only.
SELECT
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    d.hieu_luc_tu,
    d.hieu_luc_den,
    d.ma_don_vi_ke_thua
FROM mart.don_vi AS d
WHERE d.ma_don_vi = :ma
ORDER BY d.hieu_luc_tu DESC
LIMIT 1;
