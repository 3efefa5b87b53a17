-- One row of core.ho_so_cong_viec is one work dossier in its newest known state.
-- Safe to repeat, in any order: the row with the newest change time at the source wins, and of two rows with
-- the same time the greater one. Every export carries all columns, so a row replaces the whole dossier.
CREATE TEMP TABLE cu ON COMMIT DROP AS
SELECT h.*
FROM core.ho_so_cong_viec AS h
INNER JOIN raw_rows ON h.ma_hscv = raw_rows.ma_hscv;

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
    FROM cu
    INNER JOIN ghi ON cu.ma_hscv = ghi.ma_hscv
) AS truoc_va_sau;

SELECT
    count(*) FILTER (WHERE h.batch_id = :batch_id AND h.line_no = raw_rows.line_no) AS lines_accepted,
    count(*) FILTER (WHERE h.batch_id <> :batch_id OR h.line_no <> raw_rows.line_no) AS lines_superseded
FROM raw_rows
INNER JOIN core.ho_so_cong_viec AS h ON raw_rows.ma_hscv = h.ma_hscv;
