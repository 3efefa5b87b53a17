-- One row is an open dossier of a unit that is due next, the nearest first.
-- Reads only.
SELECT
    h.ma_ho_so,
    coalesce(h.ten_tthc, h.ma_tthc) AS thu_tuc,
    h.ngay_tiep_nhan,
    h.ngay_hen_tra,
    h.so_gio_lam_viec_con_lai,
    h.trang_thai,
    h.tinh_den,
    count(*) OVER () AS tat_ca
FROM mart.ho_so_sap_den_han AS h
WHERE h.ma_don_vi = ANY(:cac_ma)
ORDER BY h.ngay_hen_tra, h.ma_ho_so
LIMIT CAST(:so_dong AS bigint);
