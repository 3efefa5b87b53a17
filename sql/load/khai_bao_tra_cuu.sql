-- One row is one line of the batch with the unit it speaks of, what the item is, and its counterpart in the same
-- declaration. A view over the batch (`lo`): reads only; one line stays one row.
SELECT
    lo.*,
    thang.cuoi_thang,
    dv.ma_don_vi AS don_vi_khai,
    sl.kieu AS kieu_so_lieu,
    sl.ten AS ten_quy_dinh,
    sl.ma_so_lieu IS NOT NULL AS co_trong_danh_muc,
    sl.khong_qua IS NOT NULL OR tren.ma_so_lieu IS NOT NULL AS co_cap,
    (
        SELECT max(kia.gia_tri)
        FROM lo AS kia
        WHERE
            kia.don_vi_khoa = lo.don_vi_khoa
            AND kia.ky = lo.ky
            AND kia.ngay_khai IS NOT DISTINCT FROM lo.ngay_khai
            AND kia.ma_so_lieu = coalesce(sl.khong_qua, tren.ma_so_lieu)
    ) AS gia_tri_kia,
    sl.khong_qua IS NOT NULL AS la_phan
FROM lo
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN lo.ky ~ '^\d{4}-(0[1-9]|1[0-2])$'
                    THEN ((lo.ky || '-01')::date + interval '1 month')::date - 1
            END AS cuoi_thang
    ) AS thang
LEFT JOIN core.don_vi_khoa AS dv
    ON lo.don_vi_khoa = dv.khoa AND thang.cuoi_thang BETWEEN dv.valid_from AND dv.valid_to
LEFT JOIN core.so_lieu_khai_bao AS sl ON lo.ma_so_lieu = sl.ma_so_lieu
LEFT JOIN core.so_lieu_khai_bao AS tren ON lo.ma_so_lieu = tren.khong_qua
