-- One row of core.khai_bao is one value that a unit declared for one item and month at one moment.
-- Safe to repeat, in any order: every declaration is kept by content; which one counts is decided by its time. An
-- item left empty declares nothing, so an earlier value stands. Of two who declared the same, the greater position
-- stands.

-- Of lines that contradict each other in the file itself every value is kept, too.
INSERT INTO greatest
SELECT DISTINCT ON (don_vi, ky, ma_so_lieu, ngay_khai, gia_tri) *
FROM contradicting
ORDER BY don_vi ASC, ky ASC, ma_so_lieu ASC, ngay_khai ASC, gia_tri ASC, chuc_danh DESC, line_no DESC;

-- Looked up once; whether the same was declared before.
CREATE TEMP TABLE khai ON COMMIT DROP AS
SELECT
    b.line_no,
    b.don_vi_khai AS ma_don_vi,
    b.ky,
    b.ma_so_lieu,
    b.ngay_khai,
    b.gia_tri,
    b.chuc_danh,
    h.batch_id AS lo_cu,
    h.line_no AS dong_cu,
    b.chuc_danh > h.chuc_danh AS chuc_danh_hon,
    b.chuc_danh <> h.chuc_danh AS chuc_danh_khac
FROM batch_rows AS b
LEFT JOIN core.khai_bao AS h
    ON
        b.don_vi_khai = h.ma_don_vi
        AND b.ky = h.ky
        AND b.ma_so_lieu = h.ma_so_lieu
        AND b.ngay_khai = h.ngay_khai
        AND b.gia_tri = h.gia_tri;

ANALYZE khai (line_no, lo_cu, ma_don_vi, ky, ma_so_lieu, ngay_khai);

INSERT INTO contradictions
SELECT
    line_no,
    lo_cu,
    dong_cu
FROM khai
WHERE chuc_danh_khac
UNION ALL
SELECT
    khai.line_no,
    h.batch_id AS lo_cu,
    h.line_no AS dong_cu
FROM khai
INNER JOIN core.khai_bao AS h
    ON
        khai.ma_don_vi = h.ma_don_vi
        AND khai.ky = h.ky
        AND khai.ma_so_lieu = h.ma_so_lieu
        AND khai.ngay_khai = h.ngay_khai
WHERE khai.gia_tri IS NOT NULL AND khai.lo_cu IS NULL;

CREATE TEMP TABLE ghi (line_no bigint, ky text) ON COMMIT DROP;

WITH them AS (
    INSERT INTO core.khai_bao (ma_don_vi, ky, ma_so_lieu, ngay_khai, gia_tri, chuc_danh, batch_id, line_no)
    SELECT
        ma_don_vi,
        ky,
        ma_so_lieu,
        ngay_khai,
        gia_tri,
        chuc_danh,
        :batch_id AS batch_id,
        line_no
    FROM khai
    WHERE gia_tri IS NOT NULL AND lo_cu IS NULL
    ON CONFLICT DO NOTHING
    RETURNING line_no, ky
)

INSERT INTO ghi
SELECT
    line_no,
    ky
FROM them;

-- What the file says twice, as of a unit that it calls by two names.
CREATE TEMP TABLE lap ON COMMIT DROP AS
SELECT khai.*
FROM khai
WHERE
    (SELECT count(*) FROM ghi) < (
        SELECT count(*) FROM khai AS moi
        WHERE moi.gia_tri IS NOT NULL AND moi.lo_cu IS NULL
    )
    AND khai.gia_tri IS NOT NULL
    AND khai.lo_cu IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM ghi
        WHERE ghi.line_no = khai.line_no
    );

WITH thay AS (
    UPDATE core.khai_bao AS h
    SET
        chuc_danh = hon.chuc_danh,
        batch_id = :batch_id,
        line_no = hon.line_no
    FROM (
        SELECT DISTINCT ON (ma_don_vi, ky, ma_so_lieu, ngay_khai, gia_tri) *
        FROM (
            SELECT * FROM khai
            WHERE chuc_danh_hon
            UNION ALL
            SELECT * FROM lap
        ) AS cac_dong
        ORDER BY
            ma_don_vi ASC, ky ASC, ma_so_lieu ASC, ngay_khai ASC, gia_tri ASC, chuc_danh DESC, line_no DESC
    ) AS hon
    WHERE
        h.ma_don_vi = hon.ma_don_vi
        AND h.ky = hon.ky
        AND h.ma_so_lieu = hon.ma_so_lieu
        AND h.ngay_khai = hon.ngay_khai
        AND h.gia_tri = hon.gia_tri
        AND h.chuc_danh < hon.chuc_danh
    RETURNING hon.line_no
)

INSERT INTO ghi (line_no)
SELECT line_no FROM thay;

-- A month's value counts in it and in the year to date of the months after it.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT DISTINCT
    (ky || '-01')::date AS first_day,
    (left(ky, 4) || '-12-01')::date AS last_day
FROM ghi
WHERE ky IS NOT NULL;

SELECT
    -- A line that declares nothing is kept by having been read. Its own line: the batch was loaded before.
    (SELECT count(*) FROM ghi) + (
        SELECT count(*) FROM khai
        WHERE
            khai.gia_tri IS NULL
            OR ((khai.lo_cu, khai.dong_cu) = (:batch_id, khai.line_no) AND NOT khai.chuc_danh_hon)
    ) AS lines_accepted,
    (
        SELECT count(*) FROM khai
        WHERE
            (khai.lo_cu, khai.dong_cu) <> (:batch_id, khai.line_no)
            AND NOT EXISTS (
                SELECT 1 FROM ghi
                WHERE ghi.line_no = khai.line_no
            )
    ) + (
        SELECT count(*) FROM lap
        WHERE
            EXISTS (
                SELECT 1 FROM core.khai_bao AS h
                WHERE
                    h.ma_don_vi = lap.ma_don_vi
                    AND h.ky = lap.ky
                    AND h.ma_so_lieu = lap.ma_so_lieu
                    AND h.ngay_khai = lap.ngay_khai
                    AND h.gia_tri = lap.gia_tri
            )
            AND NOT EXISTS (
                SELECT 1 FROM ghi
                WHERE ghi.line_no = lap.line_no
            )
    ) AS lines_superseded;
