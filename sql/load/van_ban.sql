-- One row of core.van_ban is one document in its newest known state.
-- Safe to repeat, in any order: the row with the newest change time at the source wins, and of two rows with
-- the same time the greater one. Every export carries all columns, so a row replaces the whole document.

-- Of states that contradict each other in the file itself: compared as two of different files are.
INSERT INTO greatest
SELECT DISTINCT ON (ma_van_ban) *
FROM contradicting
ORDER BY
    ma_van_ban ASC,
    core.noi_dung(
        jsonb_build_object(
            'huong', CAST(huong AS text), -- columns like huong but da_xoa
            'ma_van_ban', ma_van_ban,
            'ma_don_vi', ma_don_vi,
            'da_xoa', (coalesce(da_xoa, 0) = 1)::int
        )
    ) COLLATE "C" DESC,
    line_no DESC;

-- Lines of documents that are known, and whether they say something else. Most of a full export does not.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    b.line_no,
    cu.batch_id AS lo_cu,
    cu.line_no AS dong_cu,
    cu.ma_van_ban,
    cu.ngay_su_kien,
    cu.ngay_dang_ky,
    cu.ngay_ket_thuc,
    b.ngay_cap_nhat > cu.ngay_cap_nhat AS moi_hon,
    b.ngay_cap_nhat = cu.ngay_cap_nhat
    AND (
        coalesce(b.da_xoa, 0) = 1 IS DISTINCT FROM (cu.da_xoa = 1)
        OR CAST(b.huong AS text) IS DISTINCT FROM cu.huong -- columns like huong but da_xoa
    ) AS khac,
    CASE
        WHEN b.ngay_cap_nhat = cu.ngay_cap_nhat AND b.ma_don_vi <> cu.ma_don_vi
            THEN ARRAY[b.ma_don_vi, cu.ma_don_vi]
    END AS hai_don_vi
FROM batch_rows AS b
INNER JOIN core.van_ban AS cu ON b.ma_van_ban = cu.ma_van_ban;

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

CREATE TEMP TABLE ghi (ma_van_ban text COLLATE "C") ON COMMIT DROP;

WITH thay AS (
    INSERT INTO core.van_ban AS v (
        ma_van_ban,
        ma_don_vi,
        huong, -- columns like huong but da_xoa
        da_xoa,
        batch_id,
        line_no
    )
    SELECT
        ma_van_ban,
        ma_don_vi,
        CAST(huong AS text), -- columns like huong but da_xoa
        -- The list of a month leaves deleted documents out: what stands in it is not deleted.
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
    ON CONFLICT (ma_van_ban) DO UPDATE
        SET
            ma_don_vi = excluded.ma_don_vi,
            huong = excluded.huong, -- columns like huong
            batch_id = excluded.batch_id,
            line_no = excluded.line_no
        WHERE
        excluded.ngay_cap_nhat > v.ngay_cap_nhat
        OR (
            excluded.ngay_cap_nhat = v.ngay_cap_nhat
            AND core.noi_dung(to_jsonb(excluded.*)) > core.noi_dung(to_jsonb(v.*)) COLLATE "C"
        )
    RETURNING v.ma_van_ban
)

INSERT INTO ghi
SELECT ma_van_ban FROM thay;

-- A document counts in the months of its arrival or issue, of its registration and of its completion, one
-- with a time limit in every month until it is completed; and in the year-to-date figures until December of
-- the year of the last of these.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT DISTINCT
    date_trunc('month', least(ngay_su_kien, ngay_dang_ky))::date AS first_day,
    (date_trunc('year', greatest(ngay_su_kien, ngay_dang_ky, ngay_ket_thuc)) + interval '11 months')::date AS last_day
FROM (
    SELECT
        v.ngay_su_kien,
        v.ngay_dang_ky,
        v.ngay_ket_thuc
    FROM core.van_ban AS v
    INNER JOIN ghi ON v.ma_van_ban = ghi.ma_van_ban
    UNION ALL
    SELECT
        cu.ngay_su_kien,
        cu.ngay_dang_ky,
        cu.ngay_ket_thuc
    FROM da_co AS cu
    INNER JOIN ghi ON cu.ma_van_ban = ghi.ma_van_ban
) AS truoc_va_sau;

-- A known line that was not written gives way to what is held, which may be itself: the batch was loaded before, and
-- is judged and loaded again now.
WITH giu AS (
    SELECT (da_co.lo_cu, da_co.dong_cu) = (:batch_id, da_co.line_no) AS cua_lo_nay
    FROM da_co
    WHERE NOT EXISTS (
        SELECT 1 FROM ghi
        WHERE ghi.ma_van_ban = da_co.ma_van_ban
    )
)

SELECT
    (SELECT count(*) FROM ghi) + (SELECT count(*) FILTER (WHERE g.cua_lo_nay) FROM giu AS g) AS lines_accepted,
    (SELECT count(*) FILTER (WHERE NOT g.cua_lo_nay) FROM giu AS g) AS lines_superseded;
