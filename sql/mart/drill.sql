-- One row is one dossier behind a figure, at the unit that answers for it on the last day of the
-- period (:ngay_tra_loi), with the batch, the file and the line it came from. Reads only. cchc.drill puts
-- the rows of the indicator in the place marked with a comment; :don_vi is a unit or TONG:<cap>.
WITH o AS (
    SELECT * FROM core.ho_so -- rows
)

SELECT
    o.ma_ho_so,
    k.ma_don_vi,
    k.ten_don_vi,
    o.ma_tthc,
    o.tiep_nhan,
    o.hen_tra,
    o.ket_thuc,
    o.trang_thai_ho_so,
    o.batch_id,
    b.original_name,
    b.sha256,
    o.line_no
FROM o
INNER JOIN core.don_vi_tai_ngay(CAST(:ngay_tra_loi AS date)) AS k ON o.ma_don_vi = k.ma_goc
INNER JOIN ops.batch AS b ON o.batch_id = b.batch_id
WHERE
    :don_vi IN (k.ma_don_vi, 'TONG' || chr(58) || k.cap, 'TONG' || chr(58) || 'toan_tinh')
ORDER BY k.ma_don_vi, o.ma_ho_so
