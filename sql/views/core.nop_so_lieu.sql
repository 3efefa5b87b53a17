CREATE VIEW core.nop_so_lieu WITH (security_invoker = on) AS
SELECT
    h.ma_han,
    h.ky,
    h.tu_ngay,
    h.den_ngay,
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    s.ma_so_lieu,
    h.han,
    k.ngay_khai AS nop_luc,
    k.ngay_khai IS NOT NULL AS da_nop,
    -- In time until the end of the day; not known where the day is not.
    k.ngay_khai IS NOT NULL AND k.ngay_khai < h.han + 1 AS dung_han,
    k.batch_id,
    k.line_no
FROM core.han_nop AS h
INNER JOIN core.don_vi AS d ON h.den_ngay BETWEEN d.valid_from AND d.valid_to AND d.theo_doi AND d.cap = ANY(h.cap)
CROSS JOIN core.so_lieu_khai_bao AS s
LEFT JOIN (
    SELECT DISTINCT ON (x.ky, x.ma_don_vi, x.ma_so_lieu)
        x.ky,
        x.ma_don_vi,
        x.ma_so_lieu,
        x.ngay_khai,
        x.batch_id,
        x.line_no
    FROM core.khai_bao_don_vi AS x
    ORDER BY x.ky ASC, x.ma_don_vi ASC, x.ma_so_lieu ASC, x.ngay_khai ASC, x.gia_tri ASC
) AS k ON h.ky = k.ky AND d.ma_don_vi = k.ma_don_vi AND s.ma_so_lieu = k.ma_so_lieu
WHERE h.loai = 'khai_bao';
COMMENT ON VIEW core.nop_so_lieu IS
'Một dòng = một số liệu mà một đơn vị phải khai cho một tháng: hạn, khai lần đầu lúc nào, đúng hạn không.';
GRANT SELECT ON core.nop_so_lieu TO cchc_don_vi;
