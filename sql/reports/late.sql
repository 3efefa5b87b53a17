-- One row is an open dossier whose due day has passed when the sources last told, at the unit that answers now.
-- Reads only; row-level security says whose.
SELECT
    h.ma_ho_so,
    h.ma_tthc,
    h.ten_tthc,
    h.ngay_tiep_nhan,
    h.ngay_hen_tra,
    h.so_ngay_lam_viec_tre,
    h.trang_thai,
    h.ten_tep,
    h.line_no,
    h.tinh_den
FROM mart.ho_so_qua_han AS h
WHERE h.ma_don_vi = :don_vi
ORDER BY h.so_ngay_lam_viec_tre DESC NULLS LAST, h.ngay_hen_tra ASC, h.ma_ho_so ASC;
