-- One row is one dossier that was open on some day of the month [:tu_ngay, :den_ngay].
-- Reads the months of receipt up to the month, and of older ones only dossiers that ended in it or
-- later, through the index on ngay_ket_thuc: time does not grow with the years kept.
SELECT
    h.ma_don_vi,
    h.ma_tthc_goc AS ma_tthc,
    coalesce(h.ma_linh_vuc, '') AS ma_linh_vuc,
    h.ngay_cap_nhat,
    h.ngay_tiep_nhan::date AS tiep_nhan,
    h.ngay_ket_thuc AS ket_thuc,
    h.ngay_hen_tra::date AS hen_tra,
    h.ngay_yeu_cau_bo_sung::date AS yeu_cau_bo_sung,
    h.ngay_ket_thuc_xu_ly,
    h.ngay_hen_tra,
    -- As with ngay_ket_thuc: what ended before it was received counts on the day of receipt.
    CASE
        WHEN h.trang_thai_ho_so = 8 AND h.ngay_ket_thuc_xu_ly IS NOT NULL
            THEN greatest(h.ngay_ket_thuc_xu_ly, h.ngay_tiep_nhan)::date
    END AS ngay_dung,
    h.trang_thai_ho_so,
    h.kenh_thuc_hien,
    h.tai_khoan_duoc_xac_thuc_voi_vneid,
    h.duoc_thanh_toan_truc_tuyen,
    h.so_tai_lieu_co_tep,
    h.so_tai_lieu_so_hoa,
    h.so_tai_lieu_tai_su_dung,
    h.so_tai_lieu_tu_kho,
    h.so_tai_lieu_co_kho,
    h.co_ket_qua_dien_tu,
    h.so_ket_qua_co_kho,
    h.tong_phi_le_phi,
    coalesce(h.so_lan_bo_sung, 0) AS so_lan_bo_sung,
    coalesce(h.tong_thoi_gian_bo_sung_phut, 0) AS bo_sung_phut,
    tt.thoi_gian_giai_quyet_ngay AS so_ngay_quy_dinh,
    -- A procedure that nobody described is taken to yield a result: the stricter reading.
    coalesce(tt.thu_tuc_khong_co_ket_qua, 0) = 0 AS phai_co_ket_qua,
    coalesce(tt.co_phi, 0) = 1 AS co_phi,
    h.ma_ho_so,
    h.batch_id,
    h.line_no
FROM core.ho_so AS h
LEFT JOIN (
    -- What was last known of the procedure in the period, also when it has ended.
    SELECT DISTINCT ON (ma_tthc)
        ma_tthc,
        thoi_gian_giai_quyet_ngay,
        thu_tuc_khong_co_ket_qua,
        co_phi
    FROM core.tthc
    WHERE valid_from <= CAST(:den_ngay AS date)
    ORDER BY ma_tthc ASC, valid_from DESC
) AS tt
    ON h.ma_tthc_goc = tt.ma_tthc
WHERE
    h.ky_tiep_nhan <= :den_ngay
    AND h.ngay_tiep_nhan < CAST(:den_ngay AS date) + 1
    AND h.ngay_ket_thuc >= :tu_ngay
    AND h.trang_thai_ho_so NOT IN (1, 3)
    AND coalesce(h.da_xoa, 0) <> 1
