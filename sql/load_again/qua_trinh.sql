-- Takes out of core.qua_trinh the rows of lines that are rejected now; no figure is made from them. Safe to repeat.
WITH lay AS (
    DELETE FROM core.qua_trinh AS q
    USING lay_ra
    WHERE q.batch_id = :batch_id AND q.line_no = lay_ra.line_no
    RETURNING q.thoi_gian, lay_ra.bi_loai
)

INSERT INTO bo
SELECT
    NULL AS first_day,
    NULL AS last_day,
    thoi_gian AS tu,
    -- An entry has no change time: any later export may say the same.
    'infinity'::timestamp AS den,
    bi_loai
FROM lay
