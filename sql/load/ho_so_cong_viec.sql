-- One row of core.ho_so_cong_viec is one work dossier in its newest known state.
-- Safe to repeat, in any order: the row with the newest change time at the source wins, and of two rows with
-- the same time the greater one. Every export carries all columns, so a row replaces the whole dossier.

-- Of states that contradict each other in the file itself: compared as two of different files are.
INSERT INTO greatest
SELECT DISTINCT ON (ma_hscv) *
FROM contradicting
ORDER BY
    ma_hscv ASC,
    core.noi_dung(
        jsonb_build_object(
            'ngay_mo', CAST(ngay_mo AS timestamp without time zone), -- columns like ngay_mo but da_xoa
            'ma_hscv', ma_hscv,
            'ma_don_vi', ma_don_vi,
            'da_xoa', (coalesce(da_xoa, 0) = 1)::int
        )
    ) COLLATE "C" DESC,
    line_no DESC;

-- Lines of work dossiers that are known, and whether they say something else. Most of a full export does not.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    b.line_no,
    cu.batch_id AS lo_cu,
    cu.line_no AS dong_cu,
    cu.ma_hscv,
    cu.ngay_mo,
    cu.ngay_ket_thuc,
    b.ngay_cap_nhat > cu.ngay_cap_nhat AS moi_hon,
    b.ngay_cap_nhat = cu.ngay_cap_nhat
    AND (
        coalesce(b.da_xoa, 0) = 1 IS DISTINCT FROM (cu.da_xoa = 1)
        OR CAST(b.tien_do AS integer) IS DISTINCT FROM cu.tien_do -- columns like tien_do but da_xoa
    ) AS khac,
    CASE
        WHEN b.ngay_cap_nhat = cu.ngay_cap_nhat AND b.ma_don_vi <> cu.ma_don_vi
            THEN ARRAY[b.ma_don_vi, cu.ma_don_vi]
    END AS hai_don_vi
FROM batch_rows AS b
INNER JOIN core.ho_so_cong_viec AS cu ON b.ma_hscv = cu.ma_hscv;

-- So that where there are none the batch is not read again.
ANALYZE da_co;

INSERT INTO contradictions
SELECT
    line_no,
    lo_cu,
    dong_cu
FROM da_co
-- Exports of different days may name a unit and the one that took over from it.
WHERE khac OR NOT core.don_vi_noi_tiep(hai_don_vi[1], hai_don_vi[2]);

CREATE TEMP TABLE ghi (ma_hscv text COLLATE "C") ON COMMIT DROP;

WITH thay AS (
    INSERT INTO core.ho_so_cong_viec AS h (
        ma_hscv,
        ma_don_vi,
        ngay_mo, -- columns like ngay_mo but da_xoa
        da_xoa,
        batch_id,
        line_no
    )
    SELECT
        ma_hscv,
        ma_don_vi,
        CAST(ngay_mo AS timestamp without time zone), -- columns like ngay_mo but da_xoa
        -- The list of a month leaves deleted dossiers out: what stands in it is not deleted.
        (coalesce(da_xoa, 0) = 1)::int::smallint,
        :batch_id,
        line_no
    FROM batch_rows
    WHERE
        -- Where none says anything else, none is looked at again.
        (SELECT count(*) FILTER (WHERE NOT (biet.moi_hon OR biet.khac) AND biet.hai_don_vi IS NULL) FROM da_co AS biet)
        < (SELECT count(doc.line_no) FROM raw_rows AS doc)
        AND NOT EXISTS (
            SELECT 1 FROM da_co
            WHERE da_co.line_no = batch_rows.line_no AND NOT (da_co.moi_hon OR da_co.khac) AND da_co.hai_don_vi IS NULL
        )
    ON CONFLICT (ma_hscv) DO UPDATE
        SET
            ma_don_vi = excluded.ma_don_vi,
            ngay_mo = excluded.ngay_mo, -- columns like ngay_mo
            batch_id = excluded.batch_id,
            line_no = excluded.line_no
        WHERE
        excluded.ngay_cap_nhat > h.ngay_cap_nhat
        OR (
            excluded.ngay_cap_nhat = h.ngay_cap_nhat
            AND core.noi_dung(to_jsonb(excluded.*)) > core.noi_dung(to_jsonb(h.*)) COLLATE "C"
        )
    RETURNING h.ma_hscv
)

INSERT INTO ghi
SELECT ma_hscv FROM thay;

-- A work dossier counts in the months from its opening to its closing, and in the year-to-date figures until
-- December of the year in which it was closed.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT DISTINCT
    date_trunc('month', ngay_mo)::date AS first_day,
    (date_trunc('year', ngay_ket_thuc) + interval '11 months')::date AS last_day
FROM (
    SELECT
        h.ngay_mo,
        h.ngay_ket_thuc
    FROM core.ho_so_cong_viec AS h
    INNER JOIN ghi ON h.ma_hscv = ghi.ma_hscv
    UNION ALL
    SELECT
        cu.ngay_mo,
        cu.ngay_ket_thuc
    FROM da_co AS cu
    INNER JOIN ghi ON cu.ma_hscv = ghi.ma_hscv
) AS truoc_va_sau;

-- A known line that was not written gives way to what is held, which may be itself: the batch was loaded before, and
-- is judged and loaded again now.
WITH giu AS (
    SELECT (da_co.lo_cu, da_co.dong_cu) = (:batch_id, da_co.line_no) AS cua_lo_nay
    FROM da_co
    WHERE NOT EXISTS (
        SELECT 1 FROM ghi
        WHERE ghi.ma_hscv = da_co.ma_hscv
    )
)

SELECT
    (SELECT count(*) FROM ghi) + (SELECT count(*) FILTER (WHERE g.cua_lo_nay) FROM giu AS g) AS lines_accepted,
    (SELECT count(*) FILTER (WHERE NOT g.cua_lo_nay) FROM giu AS g) AS lines_superseded;
