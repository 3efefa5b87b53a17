-- One row of core.qua_trinh is one dossier that passed into one status at one moment.
-- Safe to repeat, in any order: an entry is kept once; of two that name different units the greater one wins.
SELECT core.ensure_partition('qua_trinh', thang)
FROM (
    SELECT DISTINCT date_trunc('month', thoi_gian)::date AS thang
    FROM raw_rows
) AS cac_thang;

-- Lines that say no more than what is known: most of a full export.
CREATE TEMP TABLE giu ON COMMIT DROP AS
SELECT
    raw_rows.line_no,
    -- Loaded before, and judged and loaded again now.
    cu.batch_id = :batch_id AND cu.line_no = raw_rows.line_no AS cua_lo_nay
FROM raw_rows
INNER JOIN core.qua_trinh AS cu
    ON
        raw_rows.ma_ho_so = cu.ma_ho_so
        AND raw_rows.thoi_gian = cu.thoi_gian
        AND raw_rows.trang_thai::smallint = cu.trang_thai
WHERE raw_rows.don_vi IS NULL OR raw_rows.don_vi <= cu.don_vi;

-- So that where there are none the batch is not read again.
ANALYZE giu;

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
        (SELECT count(*) FROM giu) < (SELECT count(doc.line_no) FROM raw_rows AS doc)
        AND NOT EXISTS (
            SELECT 1 FROM giu
            WHERE giu.line_no = raw_rows.line_no
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

SELECT
    (SELECT so FROM ghi) + (
        SELECT count(*) FROM giu
        WHERE cua_lo_nay
    ) AS lines_accepted,
    (
        SELECT count(*) FROM giu
        WHERE NOT cua_lo_nay
    ) AS lines_superseded;
