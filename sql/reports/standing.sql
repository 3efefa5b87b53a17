-- One row says how far the figures of a period stand at :don_vi (a unit, a level with its units, the province
-- with all of them); none when there are no figures. Those of entry :so_cai, or (NULL) as they are. Reads only.
WITH con_so AS NOT MATERIALIZED (
    SELECT
        ky_loai,
        ky,
        tu_ngay,
        den_ngay,
        ma_chi_so,
        ma_don_vi,
        ten_don_vi,
        cap,
        trang_thai,
        revision
    FROM mart.chi_so
    WHERE CAST(:so_cai AS bigint) IS NULL AND ky_loai = :ky_loai AND ky = :ky
    UNION ALL
    SELECT
        ky_loai,
        ky,
        tu_ngay,
        den_ngay,
        ma_chi_so,
        ma_don_vi,
        ten_don_vi,
        cap,
        trang_thai,
        revision
    FROM mart.con_so_cong_bo
    WHERE so_cai = CAST(:so_cai AS bigint) AND ky_loai = :ky_loai AND ky = :ky
)

SELECT
    toi.ky_loai,
    toi.ky,
    toi.tu_ngay,
    toi.den_ngay,
    toi.ma_don_vi,
    toi.ten_don_vi,
    toi.cap,
    k.ly_do_na,
    CASE WHEN bool_and(c.trang_thai = 'da_chot') THEN 'da_chot' ELSE 'tam_tinh' END AS trang_thai,
    max(c.revision) AS revision,
    array_agg(DISTINCT c.ma_chi_so) AS cac_ma
FROM (
    SELECT
        ky_loai,
        ky,
        tu_ngay,
        den_ngay,
        ma_don_vi,
        ten_don_vi,
        cap
    FROM con_so
    WHERE ma_don_vi = :don_vi
    ORDER BY ma_chi_so
    LIMIT 1
) AS toi
INNER JOIN mart.ky AS k ON toi.ky_loai = k.ky_loai AND toi.ky = k.ky
INNER JOIN con_so AS c
    ON
        toi.ma_don_vi IN (c.ma_don_vi, 'TONG:' || c.cap, 'TONG:toan_tinh')
WHERE CAST(:cac_chi_so AS text[]) IS NULL OR c.ma_chi_so = ANY(CAST(:cac_chi_so AS text[]))
GROUP BY
    toi.ky_loai, toi.ky, toi.tu_ngay, toi.den_ngay, toi.ma_don_vi, toi.ten_don_vi, toi.cap, k.ly_do_na;
