-- One row of core.qua_trinh is one dossier that passed into one status at one moment.
-- Safe to repeat, in any order: an entry is kept once; of two that name different units the greater one wins.

-- Of units that contradict each other in the file itself.
INSERT INTO greatest
SELECT DISTINCT ON (ma_ho_so, thoi_gian, trang_thai) *
FROM contradicting
ORDER BY ma_ho_so ASC, thoi_gian ASC, trang_thai ASC, don_vi DESC NULLS LAST, line_no DESC;

SELECT core.ensure_partition('qua_trinh', thang)
FROM (
    SELECT DISTINCT date_trunc('month', thoi_gian)::date AS thang
    FROM raw_rows
) AS cac_thang;

-- Lines of entries that are known, and whether they say no more: most of a full export.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    raw_rows.line_no,
    cu.batch_id AS lo_cu,
    cu.line_no AS dong_cu,
    coalesce(raw_rows.don_vi <= cu.don_vi, raw_rows.don_vi IS NULL) AS giu,
    coalesce(raw_rows.don_vi <> cu.don_vi, FALSE) AS trai
FROM raw_rows
INNER JOIN core.qua_trinh AS cu
    ON
        raw_rows.ma_ho_so = cu.ma_ho_so
        AND raw_rows.thoi_gian = cu.thoi_gian
        AND raw_rows.trang_thai::smallint = cu.trang_thai;

-- So that where there are none the batch is not read again.
ANALYZE da_co (line_no, giu);

INSERT INTO contradictions
SELECT
    line_no,
    lo_cu,
    dong_cu
FROM da_co
WHERE trai;

CREATE TEMP TABLE ghi (so bigint) ON COMMIT DROP;

WITH them AS (
    INSERT INTO core.qua_trinh AS cu (ma_ho_so, thoi_gian, trang_thai, don_vi, batch_id, line_no)
    SELECT
        ma_ho_so,
        thoi_gian,
        trang_thai::smallint AS trang_thai,
        don_vi,
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
    ON CONFLICT (ma_ho_so, thoi_gian, trang_thai) DO UPDATE
        SET
            don_vi = excluded.don_vi,
            batch_id = excluded.batch_id,
            line_no = excluded.line_no
        WHERE excluded.don_vi > cu.don_vi OR (cu.don_vi IS NULL AND excluded.don_vi IS NOT NULL)
    RETURNING 1
)

INSERT INTO ghi
SELECT count(*) AS so
FROM them;

-- No figure is counted from the history.
CREATE TEMP TABLE changed_ranges (first_day date, last_day date) ON COMMIT DROP;

-- Its own line: the batch was loaded before, and is judged and loaded again now.
SELECT
    (SELECT so FROM ghi) + (
        SELECT count(*) FROM da_co
        WHERE giu AND (lo_cu, dong_cu) = (:batch_id, line_no)
    ) AS lines_accepted,
    (
        SELECT count(*) FROM da_co
        WHERE giu AND (lo_cu, dong_cu) <> (:batch_id, line_no)
    ) AS lines_superseded;
