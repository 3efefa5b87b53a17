-- Takes out of core.khai_bao the rows of lines that are rejected now, or whose unit's name means another unit now:
-- those are loaded again as they are. Safe to repeat.
INSERT INTO lay_ra
SELECT
    b.line_no,
    FALSE
FROM batch_rows AS b
INNER JOIN core.khai_bao AS k ON b.line_no = k.line_no
WHERE k.batch_id = :batch_id AND b.don_vi_khai <> k.ma_don_vi;

WITH lay AS (
    DELETE FROM core.khai_bao AS k
    USING lay_ra
    WHERE k.batch_id = :batch_id AND k.line_no = lay_ra.line_no
    RETURNING k.ky, k.ngay_khai, lay_ra.bi_loai
)

INSERT INTO bo
SELECT
    (ky || '-01')::date AS first_day,
    (left(ky, 4) || '-12-01')::date AS last_day,
    ngay_khai AS tu,
    -- Every declaration is kept: another file may hold the very same.
    'infinity'::timestamp AS den,
    bi_loai
FROM lay
