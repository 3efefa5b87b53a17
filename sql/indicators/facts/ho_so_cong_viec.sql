-- One row is one work dossier that was open on some day of the month [:tu_ngay, :den_ngay].
-- Reads by the index on the day of closing: time does not grow with the years kept.
SELECT
    h.ma_don_vi,
    '' AS ma_tthc,
    '' AS ma_linh_vuc,
    h.ngay_cap_nhat,
    h.ngay_mo::date AS mo,
    h.ngay_ket_thuc AS dong,
    h.han_giai_quyet::date AS han_giai_quyet,
    h.trang_thai,
    h.tien_do,
    -- One that is said to be both counts as paper.
    h.tren_he_thong = 1 AND h.chi_giay = 0 AS tren_he_thong,
    h.chi_giay = 1 AS chi_giay,
    h.ma_hscv,
    h.batch_id,
    h.line_no
FROM core.ho_so_cong_viec AS h
WHERE
    h.da_xoa <> 1
    AND h.ngay_ket_thuc >= CAST(:tu_ngay AS date)
    AND h.ngay_mo < CAST(:den_ngay AS date) + 1
