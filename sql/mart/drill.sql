-- One row is one row of a fact behind a figure, at the unit that answers for it on the last day of the
-- period (:ngay_tra_loi), with the batch, the file and the line it came from. Reads only. cchc.figures.drill puts
-- the rows and their columns in the places marked with a comment; :don_vi is a unit or TONG:<cap>.
WITH k AS MATERIALIZED (
    SELECT dv.*
    FROM core.don_vi_tai_ngay(CAST(:ngay_tra_loi AS date)) AS dv
    WHERE :don_vi IN (dv.ma_don_vi, core.ma_tong(dv.cap), core.ma_tong('toan_tinh'))
),

o AS (
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
INNER JOIN k ON o.ma_don_vi = k.ma_goc
-- What was never handed in has no file.
LEFT JOIN core.ten_tep AS b ON o.batch_id = b.batch_id
WHERE
    -- An array: rows of other units are left out where they are read, before anything is worked out of them.
    o.ma_don_vi = ANY(ARRAY(SELECT cua.ma_goc FROM k AS cua))
ORDER BY k.ma_don_vi, o.batch_id, o.line_no
