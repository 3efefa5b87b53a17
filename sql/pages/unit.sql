-- One row is a unit as it was on the day :ngay (where it was not there, or for NULL: as it was last known), with
-- the level that it was at, and whether and to whom it ended at last. Reads only.
SELECT
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    coalesce(CAST(:ngay AS date) BETWEEN d.hieu_luc_tu AND d.hieu_luc_den, FALSE) AS con_hieu_luc,
    cuoi.hieu_luc_den,
    cuoi.ma_don_vi_ke_thua
FROM mart.don_vi AS d
CROSS JOIN (
    SELECT
        x.hieu_luc_den,
        x.ma_don_vi_ke_thua
    FROM mart.don_vi AS x
    WHERE x.ma_don_vi = :ma
    ORDER BY x.hieu_luc_tu DESC
    LIMIT 1
) AS cuoi
WHERE d.ma_don_vi = :ma
ORDER BY con_hieu_luc DESC, d.hieu_luc_tu DESC
LIMIT 1;
