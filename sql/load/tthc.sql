-- One row of core.tthc is one procedure in one range of validity; of core.tthc_don_vi, one unit
-- that provides it at one level. Safe to repeat: versions are kept once by content, and the ranges
-- are rebuilt from all versions, whatever order they came in. A column that an export lacks is not
-- in its version, so it erases nothing.
INSERT INTO core.tthc_phien_ban (ma_tthc, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
-- Or each record would be made a second time for its hash.
WITH phien_ban AS MATERIALIZED (
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
)

SELECT
    ma_tthc_goc,
    ngay_cap_nhat,
    md5(ban_ghi::text) AS van_tay,
    ban_ghi,
    :batch_id AS batch_id,
    line_no
FROM phien_ban
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

-- Of the others everything stays as it is.
CREATE TEMP TABLE tthc_xet ON COMMIT DROP AS
SELECT DISTINCT ma_tthc
FROM core.tthc_phien_ban
WHERE batch_id = :batch_id;

ANALYZE tthc_xet;

CREATE TEMP VIEW versions AS
SELECT
    p.ma_tthc AS khoa,
    p.thoi_diem,
    p.van_tay,
    p.ban_ghi,
    p.batch_id,
    p.line_no
FROM core.tthc_phien_ban AS p
INNER JOIN tthc_xet AS x ON p.ma_tthc = x.ma_tthc;

-- include version_ranges.sql

CREATE TEMP TABLE tthc_moi ON COMMIT DROP AS
SELECT
    khoa AS ma_tthc,
    valid_from,
    valid_to,
    CAST(s ->> 'ten_tthc' AS text) AS ten_tthc, -- columns like ten_tthc
    s -> 'don_vi_thuc_hien' AS don_vi_thuc_hien,
    batch_id,
    line_no
FROM version_ranges;

DROP VIEW version_ranges, versions;

ANALYZE tthc_moi (ma_tthc, valid_from);

CREATE TEMP TABLE tthc_don_vi_moi ON COMMIT DROP AS
WITH cung_cap AS MATERIALIZED (
    SELECT
        moi.ma_tthc,
        dv ->> 'MaDonVi' AS ma_don_vi,
        (dv ->> 'MucDo')::smallint AS muc_do,
        greatest(moi.valid_from, to_date(dv ->> 'HieuLucTu', 'YYYYMMDD')) AS valid_from,
        least(moi.valid_to, to_date(dv ->> 'HieuLucDen', 'YYYYMMDD')) AS valid_to
    FROM tthc_moi AS moi
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(moi.don_vi_thuc_hien) WHEN 'array' THEN moi.don_vi_thuc_hien ELSE '[]' END
    ) AS dv
)

SELECT DISTINCT ON (ma_tthc, ma_don_vi, valid_from)
    ma_tthc,
    ma_don_vi,
    muc_do,
    valid_from,
    valid_to
FROM cung_cap
WHERE valid_to >= valid_from
ORDER BY ma_tthc ASC, ma_don_vi ASC, valid_from ASC, muc_do DESC, valid_to DESC;

ANALYZE tthc_don_vi_moi (ma_tthc, ma_don_vi, valid_from);

-- Figures change from the first day on which an attribute they use is different. Where a procedure is described both
-- before and now, one is soon found; of days from then on no more is asked.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
WITH mo_ta AS MATERIALIZED (
    SELECT
        min(greatest(moi.valid_from, cu.valid_from)) AS tu,
        coalesce(min(greatest(moi.valid_from, cu.valid_from)), 'infinity') AS het
    FROM tthc_moi AS moi
    INNER JOIN core.tthc AS cu
        ON moi.ma_tthc = cu.ma_tthc AND moi.valid_from <= cu.valid_to AND moi.valid_to >= cu.valid_from
    WHERE
        FALSE
        OR moi.co_phi IS DISTINCT FROM cu.co_phi -- columns of figures like co_phi
),

-- What there was and what there is: procedures, as of the unit '', and at which level units provide them.
tat_ca AS (
    SELECT
        TRUE AS la_moi,
        ma_tthc,
        '' AS ma_don_vi,
        0 AS muc_do,
        valid_from,
        valid_to
    FROM tthc_moi
    UNION ALL
    SELECT
        TRUE AS la_moi,
        ma_tthc,
        ma_don_vi,
        muc_do,
        valid_from,
        valid_to
    FROM tthc_don_vi_moi
    UNION ALL
    SELECT
        FALSE AS la_moi,
        tt.ma_tthc,
        '' AS ma_don_vi,
        0 AS muc_do,
        tt.valid_from,
        tt.valid_to
    FROM core.tthc AS tt
    INNER JOIN tthc_xet AS x ON tt.ma_tthc = x.ma_tthc
    UNION ALL
    SELECT
        FALSE AS la_moi,
        dv.ma_tthc,
        dv.ma_don_vi,
        dv.muc_do,
        dv.valid_from,
        dv.valid_to
    FROM core.tthc_don_vi AS dv
    INNER JOIN tthc_xet AS x ON dv.ma_tthc = x.ma_tthc
),

hai_ben AS MATERIALIZED (
    SELECT
        la_moi,
        ma_tthc,
        ma_don_vi,
        muc_do,
        valid_from,
        least(valid_to, (SELECT mo_ta.het - 1 FROM mo_ta)) AS valid_to
    FROM tat_ca
    WHERE valid_from < (SELECT mo_ta.het FROM mo_ta)
),

-- Nearly all are the same on both sides.
lech AS MATERIALIZED (
    SELECT DISTINCT
        ma_tthc,
        ma_don_vi
    FROM (
        SELECT
            ma_tthc,
            ma_don_vi
        FROM hai_ben
        GROUP BY ma_tthc, ma_don_vi, muc_do, valid_from, valid_to
        HAVING count(*) FILTER (WHERE la_moi) <> count(*) FILTER (WHERE NOT la_moi)
    ) AS tung_khoang
),

doan AS MATERIALIZED (
    SELECT hai_ben.*
    FROM hai_ben
    INNER JOIN lech ON hai_ben.ma_tthc = lech.ma_tthc AND hai_ben.ma_don_vi = lech.ma_don_vi
),

ngay AS (
    SELECT
        ma_tthc,
        ma_don_vi,
        valid_from AS tu
    FROM doan
    UNION
    SELECT
        ma_tthc,
        ma_don_vi,
        valid_to + 1 AS tu
    FROM doan
    WHERE valid_to + 1 < (SELECT mo_ta.het FROM mo_ta)
)

SELECT
    min(khac.tu) AS first_day,
    'infinity'::date AS last_day
FROM (
    SELECT mo_ta.tu FROM mo_ta
    UNION ALL
    SELECT ngay.tu
    FROM ngay
    LEFT JOIN doan AS moi
        ON
            ngay.ma_tthc = moi.ma_tthc AND ngay.ma_don_vi = moi.ma_don_vi AND moi.la_moi
            AND ngay.tu BETWEEN moi.valid_from AND moi.valid_to
    LEFT JOIN doan AS cu
        ON
            ngay.ma_tthc = cu.ma_tthc AND ngay.ma_don_vi = cu.ma_don_vi AND NOT cu.la_moi
            AND ngay.tu BETWEEN cu.valid_from AND cu.valid_to
    WHERE moi.muc_do IS DISTINCT FROM cu.muc_do
) AS khac;

-- Rows that say the same stay; one that ends on another day is written again without its keys.
DELETE FROM core.tthc AS tt
USING tthc_xet AS x
WHERE
    tt.ma_tthc = x.ma_tthc
    AND NOT EXISTS (
        SELECT 1 FROM tthc_moi AS moi
        WHERE moi.ma_tthc = tt.ma_tthc AND moi.valid_from = tt.valid_from
    );

UPDATE core.tthc AS tt
SET
    valid_to = moi.valid_to,
    ten_tthc = moi.ten_tthc, -- columns like ten_tthc
    batch_id = moi.batch_id,
    line_no = moi.line_no
FROM tthc_moi AS moi
WHERE
    tt.ma_tthc = moi.ma_tthc AND tt.valid_from = moi.valid_from
    AND (
        tt.valid_to <> moi.valid_to OR tt.batch_id <> moi.batch_id OR tt.line_no <> moi.line_no
        OR tt.ten_tthc IS DISTINCT FROM moi.ten_tthc -- columns like ten_tthc
    );

INSERT INTO core.tthc (
    ma_tthc, valid_from, valid_to,
    ten_tthc, -- columns like ten_tthc
    batch_id, line_no
)
SELECT
    moi.ma_tthc,
    moi.valid_from,
    moi.valid_to,
    moi.ten_tthc, -- columns like ten_tthc
    moi.batch_id,
    moi.line_no
FROM tthc_moi AS moi
WHERE
    NOT EXISTS (
        SELECT 1 FROM core.tthc AS tt
        WHERE tt.ma_tthc = moi.ma_tthc AND tt.valid_from = moi.valid_from
    );

DELETE FROM core.tthc_don_vi AS dv
USING tthc_xet AS x
WHERE
    dv.ma_tthc = x.ma_tthc
    AND NOT EXISTS (
        SELECT 1 FROM tthc_don_vi_moi AS moi
        WHERE moi.ma_tthc = dv.ma_tthc AND moi.ma_don_vi = dv.ma_don_vi AND moi.valid_from = dv.valid_from
    );

UPDATE core.tthc_don_vi AS dv
SET
    muc_do = moi.muc_do,
    valid_to = moi.valid_to
FROM tthc_don_vi_moi AS moi
WHERE
    dv.ma_tthc = moi.ma_tthc AND dv.ma_don_vi = moi.ma_don_vi AND dv.valid_from = moi.valid_from
    AND (dv.muc_do <> moi.muc_do OR dv.valid_to <> moi.valid_to);

INSERT INTO core.tthc_don_vi (ma_tthc, ma_don_vi, muc_do, valid_from, valid_to)
SELECT
    moi.ma_tthc,
    moi.ma_don_vi,
    moi.muc_do,
    moi.valid_from,
    moi.valid_to
FROM tthc_don_vi_moi AS moi
WHERE
    NOT EXISTS (
        SELECT 1 FROM core.tthc_don_vi AS dv
        WHERE dv.ma_tthc = moi.ma_tthc AND dv.ma_don_vi = moi.ma_don_vi AND dv.valid_from = moi.valid_from
    );

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
