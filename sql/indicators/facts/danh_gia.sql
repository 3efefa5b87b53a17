-- One row is one rating made in the month [:tu_ngay, :den_ngay] of a dossier that counts.
-- Reads by the index on the time of the rating; a rating of an unknown dossier waits for it in core.danh_gia.
SELECT
    h.ma_don_vi,
    h.ma_tthc_goc AS ma_tthc,
    coalesce(h.ma_linh_vuc, '') AS ma_linh_vuc,
    dg.ngay_cap_nhat,
    dg.thoi_gian_danh_gia::date AS danh_gia_ngay,
    dg.danh_gia,
    h.kenh_thuc_hien,
    dg.ma_ho_so,
    dg.thoi_gian_danh_gia,
    -- Whose a rating is changes with its dossier.
    h.ngay_cap_nhat AS ho_so_cap_nhat,
    dg.batch_id,
    dg.line_no
FROM core.danh_gia AS dg
INNER JOIN core.ho_so AS h ON dg.ma_ho_so = h.ma_ho_so
WHERE
    dg.thoi_gian_danh_gia >= CAST(:tu_ngay AS date)
    AND dg.thoi_gian_danh_gia < CAST(:den_ngay AS date) + 1
    AND h.trang_thai_ho_so NOT IN (1, 3)
    AND coalesce(h.da_xoa, 0) <> 1
