-- One row is one change on record of an indicator's figure in a period, the newest first; fifty at most.
-- Reads only.
SELECT
    f.changed_at,
    f.ma_don_vi,
    coalesce(c.ten_don_vi, f.ma_don_vi) AS ten_don_vi,
    f.tu_so_cu,
    f.mau_so_cu,
    f.gia_tri_cu,
    f.tu_so_moi,
    f.mau_so_moi,
    f.gia_tri_moi,
    f.batch_ids,
    count(*) OVER () AS tat_ca
FROM ops.figure_change AS f
LEFT JOIN mart.chi_so AS c
    ON
        f.ky_loai = c.ky_loai
        AND f.ky = c.ky
        AND f.ma_chi_so = c.ma_chi_so
        AND f.ma_don_vi = c.ma_don_vi
WHERE
    f.ky_loai = :ky_loai AND f.ky = :ky AND f.ma_chi_so = :ma
    AND (CAST(:don_vi AS text) IS NULL OR f.ma_don_vi = :don_vi)
ORDER BY f.change_id DESC
LIMIT 50;
