-- One row of core.tthc is one procedure in one range of validity; of core.tthc_don_vi, one unit
-- that provides it at one level. Safe to repeat: versions are kept once by content, and the ranges
-- are rebuilt from all versions, whatever order they came in. A column that an export lacks is not
-- in its version, so it erases nothing.
INSERT INTO core.tthc_phien_ban (ma_tthc, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
SELECT
    ma_tthc_goc,
    ngay_cap_nhat,
    md5(ban_ghi::text) AS van_tay,
    ban_ghi,
    :batch_id AS batch_id,
    line_no
FROM (
    SELECT
        batch_rows.ma_tthc_goc,
        batch_rows.ngay_cap_nhat,
        batch_rows.line_no,
        jsonb_build_object(
            'ten_tthc', batch_rows.ten_tthc, -- columns like ten_tthc
            'don_vi_thuc_hien', batch_rows.don_vi_thuc_hien,
            'hieu_luc_tu', batch_rows.hieu_luc_tu::date,
            'hieu_luc_den', batch_rows.hieu_luc_den::date
        ) - CAST(:missing_columns AS text[]) AS ban_ghi
    FROM batch_rows
) AS phien_ban
ON CONFLICT DO NOTHING;

-- By what it last knew of so few rows PostgreSQL would search all of them for each.
SELECT ops.analyze(CAST('{core.tthc_phien_ban}' AS regclass[]));

-- Versions of one moment that say different things; a version of fewer columns says nothing of the others.
INSERT INTO contradictions
SELECT
    moi.line_no,
    cu.batch_id AS lo_cu,
    cu.line_no AS dong_cu
FROM core.tthc_phien_ban AS moi
INNER JOIN core.tthc_phien_ban AS cu ON moi.ma_tthc = cu.ma_tthc AND moi.thoi_diem = cu.thoi_diem
WHERE
    moi.batch_id = :batch_id
    AND moi.van_tay <> cu.van_tay
    AND EXISTS (
        SELECT 1
        FROM jsonb_each(moi.ban_ghi) AS a
        INNER JOIN jsonb_each(cu.ban_ghi) AS b ON a.key = b.key
        WHERE a.value <> b.value
    );

CREATE TEMP TABLE tthc_cu ON COMMIT DROP AS
SELECT * FROM core.tthc;

CREATE TEMP TABLE tthc_don_vi_cu ON COMMIT DROP AS
SELECT * FROM core.tthc_don_vi;

DELETE FROM core.tthc;

DELETE FROM core.tthc_don_vi;

CREATE TEMP TABLE versions ON COMMIT DROP AS
SELECT
    ma_tthc AS khoa,
    thoi_diem,
    van_tay,
    ban_ghi,
    batch_id,
    line_no
FROM core.tthc_phien_ban;

-- include version_ranges.sql

INSERT INTO core.tthc (
    ma_tthc, valid_from, valid_to,
    ten_tthc, -- columns like ten_tthc
    batch_id, line_no
)
SELECT
    khoa AS ma_tthc,
    valid_from,
    valid_to,
    CAST(s ->> 'ten_tthc' AS text) AS ten_tthc, -- columns like ten_tthc
    batch_id,
    line_no
FROM version_ranges;

INSERT INTO core.tthc_don_vi (ma_tthc, ma_don_vi, muc_do, valid_from, valid_to)
SELECT DISTINCT ON (ma_tthc, ma_don_vi, valid_from)
    ma_tthc,
    ma_don_vi,
    muc_do,
    valid_from,
    valid_to
FROM (
    SELECT
        k.khoa AS ma_tthc,
        dv ->> 'MaDonVi' AS ma_don_vi,
        (dv ->> 'MucDo')::smallint AS muc_do,
        greatest(k.valid_from, to_date(dv ->> 'HieuLucTu', 'YYYYMMDD')) AS valid_from,
        least(k.valid_to, to_date(dv ->> 'HieuLucDen', 'YYYYMMDD')) AS valid_to
    FROM version_ranges AS k
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(k.s -> 'don_vi_thuc_hien')
            WHEN 'array' THEN k.s -> 'don_vi_thuc_hien'
            ELSE '[]'
        END
    ) AS dv
) AS cung_cap
WHERE valid_to >= valid_from
ORDER BY ma_tthc ASC, ma_don_vi ASC, valid_from ASC, muc_do DESC;

-- Figures change from the first day on which an attribute they use is different.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT
    min(khac.tu) AS first_day,
    'infinity'::date AS last_day
FROM (
    SELECT ngay.tu
    FROM (
        SELECT
            ma_tthc,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM core.tthc
        UNION
        SELECT
            ma_tthc,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM tthc_cu
    ) AS ngay
    LEFT JOIN core.tthc AS moi
        ON ngay.ma_tthc = moi.ma_tthc AND ngay.tu BETWEEN moi.valid_from AND moi.valid_to
    LEFT JOIN tthc_cu AS cu
        ON ngay.ma_tthc = cu.ma_tthc AND ngay.tu BETWEEN cu.valid_from AND cu.valid_to
    WHERE
        (moi.valid_from IS NULL) <> (cu.valid_from IS NULL)
        OR moi.co_phi IS DISTINCT FROM cu.co_phi -- columns of figures like co_phi
    UNION ALL
    SELECT ngay.tu
    FROM (
        SELECT
            ma_tthc,
            ma_don_vi,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM core.tthc_don_vi
        UNION
        SELECT
            ma_tthc,
            ma_don_vi,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM tthc_don_vi_cu
    ) AS ngay
    LEFT JOIN core.tthc_don_vi AS moi
        ON
            ngay.ma_tthc = moi.ma_tthc AND ngay.ma_don_vi = moi.ma_don_vi
            AND ngay.tu BETWEEN moi.valid_from AND moi.valid_to
    LEFT JOIN tthc_don_vi_cu AS cu
        ON
            ngay.ma_tthc = cu.ma_tthc AND ngay.ma_don_vi = cu.ma_don_vi
            AND ngay.tu BETWEEN cu.valid_from AND cu.valid_to
    WHERE moi.muc_do IS DISTINCT FROM cu.muc_do
) AS khac;

-- Every line of dossiers is looked up here; PostgreSQL looks at so few rows by itself too late.
SELECT ops.analyze(CAST('{core.tthc,core.tthc_don_vi}' AS regclass[]));

SELECT
    count(*) FILTER (WHERE held.line_no IS NOT NULL) AS lines_accepted,
    -- The same version of it came in another line.
    count(*) FILTER (WHERE held.line_no IS NULL AND known.ma_tthc IS NOT NULL) AS lines_superseded
FROM batch_rows
LEFT JOIN (
    SELECT DISTINCT line_no FROM core.tthc_phien_ban
    WHERE batch_id = :batch_id
) AS held ON batch_rows.line_no = held.line_no
LEFT JOIN (
    SELECT DISTINCT
        ma_tthc,
        thoi_diem
    FROM core.tthc_phien_ban
) AS known ON batch_rows.ma_tthc_goc = known.ma_tthc AND batch_rows.ngay_cap_nhat = known.thoi_diem;
