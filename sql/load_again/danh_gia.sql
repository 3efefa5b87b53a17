-- Takes out of core.danh_gia the rows of lines that are rejected now; a rating counts in its month and in the figures
-- of longer periods that hold it. Safe to repeat.
WITH lay AS (
    DELETE FROM core.danh_gia AS d
    USING lay_ra
    WHERE d.batch_id = :batch_id AND d.line_no = lay_ra.line_no
    RETURNING d.thoi_gian_danh_gia, d.ngay_cap_nhat, lay_ra.bi_loai
)

INSERT INTO bo
SELECT
    date_trunc('month', thoi_gian_danh_gia)::date AS first_day,
    (date_trunc('year', thoi_gian_danh_gia) + interval '11 months')::date AS last_day,
    thoi_gian_danh_gia AS tu,
    ngay_cap_nhat AS den,
    bi_loai
FROM lay
