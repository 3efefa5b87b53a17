-- One row is the value that counts of one item that one unit declared for the month: the newest declaration.
-- Reads only; earlier declarations stay in core.khai_bao and show in mart.khai_bao as revisions.
-- A code that only a source knew when it declared may be a unit that the reference file has come to know since.
SELECT DISTINCT ON (k.ma_don_vi, k.ma_so_lieu)
    k.ma_don_vi,
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
FROM core.khai_bao_don_vi AS k
WHERE k.ky = to_char(CAST(:tu_ngay AS date), 'YYYY-MM')
ORDER BY k.ma_don_vi ASC, k.ma_so_lieu ASC, k.ngay_khai DESC, k.gia_tri DESC
