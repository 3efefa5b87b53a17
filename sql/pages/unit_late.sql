-- One row is an open dossier of a unit that is late, the latest first.
-- Reads only.
SELECT
    h.ma_ho_so,
    coalesce(h.ten_tthc, h.ma_tthc) AS thu_tuc,
    h.ngay_tiep_nhan,
    h.ngay_hen_tra,
    h.so_ngay_lam_viec_tre,
    h.trang_thai,
    h.tinh_den,
    count(*) OVER () AS tat_ca
FROM mart.ho_so_qua_han AS h
WHERE h.ma_don_vi = ANY(:cac_ma)
ORDER BY h.so_ngay_lam_viec_tre DESC NULLS LAST, h.ngay_hen_tra ASC, h.ma_ho_so ASC
LIMIT CAST(:so_dong AS bigint);
