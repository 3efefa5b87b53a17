-- One row is the value that counts of one item that one unit declared for the month: the newest declaration.
-- Reads only; earlier declarations stay in core.khai_bao and show in mart.khai_bao as revisions.
-- A code that only a source knew when it declared may be a unit that the reference file has come to know since.
SELECT DISTINCT ON (coalesce(n.ma_don_vi, k.ma_don_vi), k.ma_so_lieu)
    coalesce(n.ma_don_vi, k.ma_don_vi) AS ma_don_vi,
    '' AS ma_tthc,
    '' AS ma_linh_vuc,
    k.ngay_khai AS ngay_cap_nhat,
    k.ma_so_lieu,
    k.gia_tri,
    k.ky,
    k.ngay_khai,
    k.chuc_danh,
    (k.ky || '-01')::date AS thang,
    ((k.ky || '-01')::date + interval '1 month')::date - 1 AS cuoi_thang,
    k.batch_id,
    k.line_no
FROM core.khai_bao AS k
LEFT JOIN
    LATERAL (
        SELECT nghia.ma_don_vi
        FROM core.don_vi_nguon AS nghia
        WHERE
            nghia.ma_don_vi_nguon = k.ma_don_vi
            AND ((k.ky || '-01')::date + interval '1 month')::date - 1 BETWEEN nghia.valid_from AND nghia.valid_to
            -- A code of the reference file means its unit, whatever a source says.
            AND NOT EXISTS (
                SELECT 1 FROM core.don_vi AS d
                WHERE d.ma_don_vi = k.ma_don_vi
            )
        ORDER BY nghia.valid_from DESC, nghia.ma_don_vi ASC
        LIMIT 1
    ) AS n
    ON TRUE
WHERE k.ky = to_char(CAST(:tu_ngay AS date), 'YYYY-MM')
ORDER BY coalesce(n.ma_don_vi, k.ma_don_vi) ASC, k.ma_so_lieu ASC, k.ngay_khai DESC, k.gia_tri DESC
