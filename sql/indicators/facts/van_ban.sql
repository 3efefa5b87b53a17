-- One row is one document with an event in the month [:tu_ngay, :den_ngay]: it arrived, was issued or
-- registered in it, or has a time limit and was not completed before it.
-- Reads by the indexes on these days: time does not grow with the years kept.
SELECT
    v.ma_don_vi,
    '' AS ma_tthc,
    '' AS ma_linh_vuc,
    v.ngay_cap_nhat,
    v.huong,
    -- Arrival of what comes in, issue of what goes out.
    v.ngay_su_kien AS su_kien,
    v.ngay_dang_ky::date AS dang_ky,
    v.ngay_den::date AS den,
    v.ngay_phat_hanh::date AS phat_hanh,
    v.han_xu_ly::date AS han_xu_ly,
    v.ngay_ket_thuc AS ket_thuc,
    v.loai_van_ban,
    v.do_khan,
    v.huong = 'den' AND v.han_xu_ly IS NOT NULL AS phai_xu_ly,
    v.ma_ho_so_cong_viec IS NOT NULL AS co_ho_so_cong_viec,
    v.ky_so,
    v.gui_dien_tu,
    v.gui_giay,
    v.ma_van_ban,
    v.batch_id,
    v.line_no
FROM core.van_ban AS v
WHERE
    v.da_xoa <> 1
    AND (
        v.ngay_su_kien BETWEEN CAST(:tu_ngay AS date) AND CAST(:den_ngay AS date)
        OR v.ngay_dang_ky::date BETWEEN CAST(:tu_ngay AS date) AND CAST(:den_ngay AS date)
        OR (v.ngay_ket_thuc >= CAST(:tu_ngay AS date) AND v.ngay_su_kien <= CAST(:den_ngay AS date))
    )
