-- One row of core.danh_gia is one rating of one dossier.
-- Safe to repeat, in any order: of two contents of a rating the one with the newest change time at the source
-- wins, and of two with the same time the greater one.

-- Of contents that contradict each other in the file itself.
INSERT INTO greatest
SELECT DISTINCT ON (ma_ho_so, thoi_gian_danh_gia) *
FROM contradicting
ORDER BY ma_ho_so ASC, thoi_gian_danh_gia ASC, danh_gia DESC, line_no DESC;

-- Lines of ratings that are known, and whether they say nothing newer: most of a full export.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    raw_rows.line_no,
    cu.batch_id AS lo_cu,
    cu.line_no AS dong_cu,
    (raw_rows.ngay_cap_nhat, raw_rows.danh_gia) <= (cu.ngay_cap_nhat, cu.danh_gia) AS giu,
    raw_rows.ngay_cap_nhat = cu.ngay_cap_nhat AND raw_rows.danh_gia <> cu.danh_gia AS trai
FROM raw_rows
INNER JOIN core.danh_gia AS cu
    ON raw_rows.ma_ho_so = cu.ma_ho_so AND raw_rows.thoi_gian_danh_gia = cu.thoi_gian_danh_gia;

-- So that where there are none the batch is not read again.
ANALYZE da_co (line_no, giu);

INSERT INTO contradictions
SELECT
    line_no,
    lo_cu,
    dong_cu
FROM da_co
WHERE trai;

CREATE TEMP TABLE ghi (thang date, so bigint) ON COMMIT DROP;

WITH them AS (
    INSERT INTO core.danh_gia AS cu (
        ma_ho_so, thoi_gian_danh_gia, danh_gia, ngay_cap_nhat, batch_id, line_no
    )
    SELECT
        ma_ho_so,
        thoi_gian_danh_gia,
        danh_gia,
        ngay_cap_nhat,
        :batch_id AS batch_id,
        line_no
    FROM raw_rows
    WHERE
        -- Where none says anything else, none is looked at again.
        (SELECT count(*) FILTER (WHERE biet.giu) FROM da_co AS biet) < (SELECT count(doc.line_no) FROM raw_rows AS doc)
        AND NOT EXISTS (
            SELECT 1 FROM da_co
            WHERE da_co.line_no = raw_rows.line_no AND da_co.giu
        )
    ON CONFLICT (ma_ho_so, thoi_gian_danh_gia) DO UPDATE
        SET
            danh_gia = excluded.danh_gia,
            ngay_cap_nhat = excluded.ngay_cap_nhat,
            batch_id = excluded.batch_id,
            line_no = excluded.line_no
        WHERE (excluded.ngay_cap_nhat, excluded.danh_gia) > (cu.ngay_cap_nhat, cu.danh_gia)
    RETURNING thoi_gian_danh_gia
)

INSERT INTO ghi
SELECT
    date_trunc('month', thoi_gian_danh_gia)::date AS thang,
    count(*) AS so
FROM them
GROUP BY 1;

-- A rating counts in its month and in the figures of longer periods that hold it, to the end of the year.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT
    thang AS first_day,
    (date_trunc('year', thang) + interval '11 months')::date AS last_day
FROM ghi;

-- Its own line: the batch was loaded before, and is judged and loaded again now.
SELECT
    (SELECT coalesce(sum(so), 0) FROM ghi) + (
        SELECT count(*) FROM da_co
        WHERE giu AND (lo_cu, dong_cu) = (:batch_id, line_no)
    ) AS lines_accepted,
    (
        SELECT count(*) FROM da_co
        WHERE giu AND (lo_cu, dong_cu) <> (:batch_id, line_no)
    ) AS lines_superseded;
