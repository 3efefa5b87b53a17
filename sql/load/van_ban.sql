-- One row of core.van_ban is one document in its newest known state.
-- Safe to repeat, in any order: the row with the newest change time at the source wins, and of two rows with
-- the same time the greater one. Every export carries all columns, so a row replaces the whole document.
CREATE TEMP TABLE cu ON COMMIT DROP AS
SELECT v.*
FROM core.van_ban AS v
INNER JOIN raw_rows ON v.ma_van_ban = raw_rows.ma_van_ban;

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
    FROM cu
    INNER JOIN ghi ON cu.ma_van_ban = ghi.ma_van_ban
) AS truoc_va_sau;

SELECT
    count(*) FILTER (WHERE h.batch_id = :batch_id AND h.line_no = raw_rows.line_no) AS lines_accepted,
    count(*) FILTER (WHERE h.batch_id <> :batch_id OR h.line_no <> raw_rows.line_no) AS lines_superseded
FROM raw_rows
INNER JOIN core.van_ban AS h ON raw_rows.ma_van_ban = h.ma_van_ban;
