-- One row is one row of a fact behind a figure, at the unit that answers for it on the last day of the
-- period (:ngay_tra_loi), with the batch, the file and the line it came from. Reads only. cchc.drill puts
-- the rows and their columns in the places marked with a comment; :don_vi is a unit or TONG:<cap>.
WITH o AS (
    SELECT * FROM core.ho_so -- rows
)

SELECT
    k.ma_don_vi,
    k.ten_don_vi,
    o.ma_ho_so -- columns
    ,
    o.batch_id,
    b.ten_tep AS original_name,
    b.sha256,
    o.line_no,
    (o.batch_id, o.line_no)::text AS dong_goc
FROM o
INNER JOIN core.don_vi_tai_ngay(CAST(:ngay_tra_loi AS date)) AS k ON o.ma_don_vi = k.ma_goc
-- What was never handed in has no file.
LEFT JOIN core.ten_tep AS b ON o.batch_id = b.batch_id
WHERE
    :don_vi IN (k.ma_don_vi, core.ma_tong(k.cap), core.ma_tong('toan_tinh'))
ORDER BY k.ma_don_vi, o.batch_id, o.line_no
