-- One row of core.ho_so is one dossier in its newest known state.
-- Safe to repeat, in any order: for each column the value with the newest change time at the source
-- wins, and of two values with the same time the greater one. An export that lacks a column (named in
-- :missing_columns) leaves that column's value and time as they are; such times are kept in cot_cu.
SELECT core.ensure_partition('ho_so', thang)
FROM (
    SELECT DISTINCT date_trunc('month', ngay_tiep_nhan)::date AS thang
    FROM raw_rows
    WHERE ngay_tiep_nhan IS NOT NULL
) AS cac_thang;

CREATE TEMP VIEW moi AS
SELECT
    line_no,
    ma_ho_so,
    CAST(ma_tthc AS text) AS ma_tthc, -- columns like ma_tthc
    don_vi_giai_quyet AS ma_don_vi,
    coalesce(date_trunc('month', ngay_tiep_nhan)::date, 'infinity') AS ky_tiep_nhan,
    coalesce(ma_tthc_goc, '') AS ma_tthc_goc
FROM batch_rows;

-- Lines whose dossier is known already, with the months that the old state was counted in.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    raw_rows.line_no,
    raw_rows.ma_ho_so,
    h.ky_tiep_nhan AS ky_cu,
    h.ngay_ket_thuc AS ket_thuc_cu,
    cardinality(CAST(:missing_columns AS text[])) = 0 AND raw_rows.ngay_cap_nhat > h.ngay_cap_nhat AS thay_het
FROM raw_rows
INNER JOIN core.ho_so AS h ON raw_rows.ma_ho_so = h.ma_ho_so
WHERE
    cardinality(CAST(:missing_columns AS text[])) > 0
    OR raw_rows.ngay_cap_nhat >= h.ngay_cap_nhat
    OR h.cot_cu IS NOT NULL;

-- So that where there are none the batch is not read again.
ANALYZE da_co;

CREATE TEMP TABLE ghi (tu date, ket_thuc date, so bigint, la_cu boolean) ON COMMIT DROP;

WITH them AS (
    INSERT INTO core.ho_so (
        ma_ho_so, ky_tiep_nhan,
        ma_tthc_goc,
        ma_tthc, -- columns like ma_tthc
        ma_don_vi,
        cot_cu, batch_id, line_no
    )
    SELECT
        moi.ma_ho_so,
        moi.ky_tiep_nhan,
        moi.ma_tthc_goc,
        moi.ma_tthc, -- columns like ma_tthc
        moi.ma_don_vi,
        CASE
            WHEN cardinality(CAST(:missing_columns AS text[])) > 0
                THEN (
                    SELECT jsonb_object_agg(cot, '-infinity')
                    FROM unnest(CAST(:missing_columns AS text[])) AS cot
                )
        END AS cot_cu,
        :batch_id AS batch_id,
        moi.line_no
    FROM moi
    WHERE
        NOT EXISTS (
            SELECT 1 FROM core.ho_so AS h
            WHERE h.ma_ho_so = moi.ma_ho_so
        )
    RETURNING ky_tiep_nhan, ngay_ket_thuc
)

INSERT INTO ghi
SELECT
    ky_tiep_nhan,
    ngay_ket_thuc,
    count(*),
    FALSE
FROM them
GROUP BY ky_tiep_nhan, ngay_ket_thuc;

-- The usual change: a whole record that is newer than what is known.
WITH thay AS (
    UPDATE core.ho_so AS h
    SET
        ky_tiep_nhan = moi.ky_tiep_nhan,
        ma_tthc_goc = moi.ma_tthc_goc,
        ma_tthc = moi.ma_tthc, -- columns like ma_tthc
        ma_don_vi = moi.ma_don_vi,
        cot_cu = NULL,
        batch_id = :batch_id,
        line_no = moi.line_no
    FROM da_co
    INNER JOIN moi ON da_co.line_no = moi.line_no
    WHERE da_co.thay_het AND h.ma_ho_so = da_co.ma_ho_so AND h.ky_tiep_nhan = da_co.ky_cu
    RETURNING h.ky_tiep_nhan, h.ngay_ket_thuc
)

INSERT INTO ghi
SELECT
    ky_tiep_nhan,
    ngay_ket_thuc,
    count(*),
    FALSE
FROM thay
GROUP BY ky_tiep_nhan, ngay_ket_thuc;

-- The rest, column by column: fewer columns, an older record that fills gaps, or the same time.
CREATE TEMP TABLE tron ON COMMIT DROP AS
SELECT
    ban.line_no,
    ban.ma_ho_so,
    ban.ky_cu,
    jsonb_object_agg(cot.key, CASE WHEN cot.lay_moi THEN cot.value ELSE ban.cu -> cot.key END)
    || jsonb_build_object('ngay_cap_nhat', ban.moi_nhat) AS ban_ghi,
    jsonb_object_agg(cot.key, cot.thoi_diem) FILTER (WHERE cot.thoi_diem < ban.moi_nhat) AS cot_cu,
    bool_or(cot.lay_moi) AS co_doi
FROM (
    SELECT
        da_co.line_no,
        da_co.ma_ho_so,
        da_co.ky_cu,
        moi.ngay_cap_nhat AS luc_moi,
        h.ngay_cap_nhat AS luc_cu,
        h.cot_cu,
        greatest(moi.ngay_cap_nhat, h.ngay_cap_nhat) AS moi_nhat,
        to_jsonb(h) AS cu,
        to_jsonb(moi) - '{line_no,ma_ho_so,ky_tiep_nhan,ngay_cap_nhat}'::text[] AS moi
    FROM da_co
    INNER JOIN moi ON da_co.line_no = moi.line_no
    INNER JOIN core.ho_so AS h ON da_co.ma_ho_so = h.ma_ho_so AND da_co.ky_cu = h.ky_tiep_nhan
    WHERE NOT da_co.thay_het
) AS ban
CROSS JOIN
    LATERAL (
        SELECT
            tung_cot.key,
            tung_cot.value,
            greatest(tung_cot.luc_moi, tung_cot.luc_cu) AS thoi_diem,
            tung_cot.luc_moi > tung_cot.luc_cu
            OR (tung_cot.luc_moi = tung_cot.luc_cu AND tung_cot.value > ban.cu -> tung_cot.key) AS lay_moi
        FROM (
            SELECT
                o.key,
                o.value,
                CASE
                    WHEN o.key = ANY(CAST(:missing_columns AS text[])) THEN '-infinity'
                    ELSE ban.luc_moi
                END AS luc_moi,
                coalesce((ban.cot_cu ->> o.key)::timestamp, ban.luc_cu) AS luc_cu
            FROM jsonb_each(ban.moi) AS o
        ) AS tung_cot
    ) AS cot
GROUP BY ban.line_no, ban.ma_ho_so, ban.ky_cu, ban.moi_nhat;

DELETE FROM tron
WHERE NOT co_doi;

WITH thay AS (
    UPDATE core.ho_so AS h
    SET
        ky_tiep_nhan = coalesce(date_trunc('month', r.ngay_tiep_nhan)::date, 'infinity'),
        ma_tthc_goc = r.ma_tthc_goc,
        ma_tthc = r.ma_tthc, -- columns like ma_tthc
        ma_don_vi = r.ma_don_vi,
        cot_cu = tron.cot_cu,
        batch_id = :batch_id,
        line_no = tron.line_no
    FROM tron
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS core.ho_so), tron.ban_ghi) AS r
    WHERE h.ma_ho_so = tron.ma_ho_so AND h.ky_tiep_nhan = tron.ky_cu
    RETURNING h.ky_tiep_nhan, h.ngay_ket_thuc
)

INSERT INTO ghi
SELECT
    ky_tiep_nhan,
    ngay_ket_thuc,
    count(*),
    FALSE
FROM thay
GROUP BY ky_tiep_nhan, ngay_ket_thuc;

INSERT INTO ghi
SELECT
    da_co.ky_cu,
    da_co.ket_thuc_cu,
    count(*),
    TRUE
FROM da_co
WHERE da_co.thay_het OR da_co.line_no IN (SELECT tron.line_no FROM tron)
GROUP BY da_co.ky_cu, da_co.ket_thuc_cu;

-- A dossier counts in the months from its receipt to its end, and in the year-to-date figures until
-- December of the year in which it ended.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT DISTINCT
    least(tu, date_trunc('month', ket_thuc)::date) AS first_day,
    (date_trunc('year', ket_thuc) + interval '11 months')::date AS last_day
FROM ghi
WHERE tu < 'infinity';

-- A rating counts at the unit and procedure of its dossier, in the month of the rating.
INSERT INTO changed_ranges
SELECT DISTINCT
    date_trunc('month', dg.thoi_gian_danh_gia)::date,
    (date_trunc('year', dg.thoi_gian_danh_gia) + interval '11 months')::date
FROM core.danh_gia AS dg
INNER JOIN raw_rows ON dg.ma_ho_so = raw_rows.ma_ho_so
INNER JOIN core.ho_so AS h ON raw_rows.ma_ho_so = h.ma_ho_so
WHERE h.batch_id = :batch_id AND h.line_no = raw_rows.line_no;

DROP VIEW moi;

SELECT
    count(*) FILTER (WHERE h.batch_id = :batch_id AND h.line_no = raw_rows.line_no) AS lines_accepted,
    count(*) FILTER (WHERE h.batch_id <> :batch_id OR h.line_no <> raw_rows.line_no) AS lines_superseded
FROM raw_rows
INNER JOIN core.ho_so AS h ON raw_rows.ma_ho_so = h.ma_ho_so;
