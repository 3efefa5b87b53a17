-- Takes out of core.van_ban the rows of lines that are rejected now, or whose unit's name means another unit now: those
-- are loaded again as they are. Safe to repeat.
INSERT INTO lay_ra
SELECT
    b.line_no,
    FALSE
FROM batch_rows AS b
INNER JOIN core.van_ban AS v ON b.ma_van_ban = v.ma_van_ban AND b.line_no = v.line_no
WHERE v.batch_id = :batch_id AND b.ma_don_vi <> v.ma_don_vi;

WITH lay AS (
    DELETE FROM core.van_ban AS v
    USING lay_ra
    WHERE v.batch_id = :batch_id AND v.line_no = lay_ra.line_no
    RETURNING v.ngay_su_kien, v.ngay_dang_ky, v.ngay_ket_thuc, v.ngay_cap_nhat, lay_ra.bi_loai
)

INSERT INTO bo
SELECT
    date_trunc('month', least(ngay_su_kien, ngay_dang_ky))::date AS first_day,
    (date_trunc('year', greatest(ngay_su_kien, ngay_dang_ky, ngay_ket_thuc)) + interval '11 months')::date AS last_day,
    least(ngay_su_kien, ngay_dang_ky) AS tu,
    ngay_cap_nhat AS den,
    bi_loai
FROM lay
