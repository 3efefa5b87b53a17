-- Takes out of core.ho_so_cong_viec the rows of lines that are rejected now, or whose unit's name means another unit
-- now: those are loaded again as they are. Safe to repeat.
INSERT INTO lay_ra
SELECT
    b.line_no,
    FALSE
FROM batch_rows AS b
INNER JOIN core.ho_so_cong_viec AS h ON b.ma_hscv = h.ma_hscv AND b.line_no = h.line_no
WHERE h.batch_id = :batch_id AND b.ma_don_vi <> h.ma_don_vi;

WITH lay AS (
    DELETE FROM core.ho_so_cong_viec AS h
    USING lay_ra
    WHERE h.batch_id = :batch_id AND h.line_no = lay_ra.line_no
    RETURNING h.ngay_mo, h.ngay_ket_thuc, h.ngay_cap_nhat, lay_ra.bi_loai
)

INSERT INTO bo
SELECT
    date_trunc('month', ngay_mo)::date AS first_day,
    (date_trunc('year', ngay_ket_thuc) + interval '11 months')::date AS last_day,
    ngay_mo AS tu,
    ngay_cap_nhat AS den,
    bi_loai
FROM lay
