-- One row is one line of the batch with the unit it speaks of, what the item is, and its counterpart in the same
-- declaration. A view over the batch (`batch_rows`): reads only; one line stays one row.
SELECT
    batch_rows.*,
    thang.cuoi_thang,
    dv.ma_don_vi AS don_vi_khai,
    sl.kieu AS kieu_so_lieu,
    sl.ten AS ten_quy_dinh,
    sl.ma_so_lieu IS NOT NULL AS co_trong_danh_muc,
    sl.khong_qua IS NOT NULL OR tren.ma_so_lieu IS NOT NULL AS co_cap,
    -- Where it is declared several times at one moment, the one that it agrees with sooner.
    CASE WHEN sl.khong_qua IS NOT NULL THEN kia.lon_nhat ELSE kia.nho_nhat END AS gia_tri_kia,
    sl.khong_qua IS NOT NULL AS la_phan
FROM batch_rows
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN batch_rows.ky ~ '^\d{4}-(0[1-9]|1[0-2])$'
                    THEN ((batch_rows.ky || '-01')::date + interval '1 month')::date - 1
            END AS cuoi_thang
    ) AS thang
LEFT JOIN core.don_vi_khoa AS dv
    ON batch_rows.don_vi_khoa = dv.khoa AND thang.cuoi_thang BETWEEN dv.valid_from AND dv.valid_to
LEFT JOIN core.so_lieu_khai_bao AS sl ON batch_rows.ma_so_lieu = sl.ma_so_lieu
LEFT JOIN core.so_lieu_khai_bao AS tren ON batch_rows.ma_so_lieu = tren.khong_qua
-- One row for each item of a declaration, so that the join multiplies no line. Of lines that are rejected for what
-- they say themselves nothing is loaded: a part would stand without its whole, or beside an earlier one.
LEFT JOIN (
    SELECT
        cung_phieu.don_vi_khoa,
        cung_phieu.ky,
        coalesce(cung_phieu.ngay_khai, 'infinity') AS luc_khai,
        cung_phieu.ma_so_lieu,
        min(cung_phieu.gia_tri) AS nho_nhat,
        max(cung_phieu.gia_tri) AS lon_nhat
    FROM batch_rows AS cung_phieu
    WHERE
        cung_phieu.unreadable_cells IS NULL
        AND cung_phieu.mojibake_columns IS NULL
        AND cung_phieu.chuc_danh IS NOT NULL
        AND cung_phieu.gia_tri >= 0
        AND cung_phieu.gia_tri = trunc(cung_phieu.gia_tri)
    GROUP BY cung_phieu.don_vi_khoa, cung_phieu.ky, luc_khai, cung_phieu.ma_so_lieu
) AS kia
    ON
        batch_rows.don_vi_khoa = kia.don_vi_khoa
        AND batch_rows.ky = kia.ky
        AND coalesce(batch_rows.ngay_khai, 'infinity') = kia.luc_khai
        AND coalesce(sl.khong_qua, tren.ma_so_lieu) = kia.ma_so_lieu
