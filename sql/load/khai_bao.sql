-- One row of core.khai_bao is one value that a unit declared for one item and month at one moment.
-- Safe to repeat, in any order: every declaration is kept by content; which one counts is decided by its time. An
-- item left empty declares nothing, so an earlier value stands.
CREATE TEMP TABLE khai_moi ON COMMIT DROP AS
WITH them AS (
    INSERT INTO core.khai_bao (ma_don_vi, ky, ma_so_lieu, ngay_khai, gia_tri, chuc_danh, batch_id, line_no)
    SELECT
        batch_rows.don_vi_khai AS ma_don_vi,
        batch_rows.ky,
        batch_rows.ma_so_lieu,
        batch_rows.ngay_khai,
        batch_rows.gia_tri,
        batch_rows.chuc_danh,
        :batch_id AS batch_id,
        batch_rows.line_no
    FROM batch_rows
    WHERE batch_rows.gia_tri IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING ky
)

SELECT DISTINCT ky FROM them;

-- A month's value counts in it and in the year to date of the months after it.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT
    (ky || '-01')::date AS first_day,
    (left(ky, 4) || '-12-01')::date AS last_day
FROM khai_moi;

SELECT
    -- A line that declares nothing is kept by having been read.
    count(*) FILTER (
        WHERE
        batch_rows.gia_tri IS NULL OR (h.batch_id = :batch_id AND h.line_no = batch_rows.line_no)
    ) AS lines_accepted,
    count(*) FILTER (WHERE h.batch_id <> :batch_id OR h.line_no <> batch_rows.line_no) AS lines_superseded
FROM batch_rows
LEFT JOIN core.khai_bao AS h
    ON
        batch_rows.don_vi_khai = h.ma_don_vi
        AND batch_rows.ky = h.ky
        AND batch_rows.ma_so_lieu = h.ma_so_lieu
        AND batch_rows.ngay_khai = h.ngay_khai
        AND batch_rows.gia_tri = h.gia_tri;
