-- One row of ops.reopened is one loaded batch with a row of core that names may give to another unit now.
-- Rather a batch too many, which costs a load, than one too few: of a row it is known which unit it was given to, not
-- by which of the unit's names. Safe to repeat; registers_before.sql has run before units were loaded.

-- Days and days of export for which a unit's rows may be meant otherwise.
CREATE TEMP TABLE nghi_ngo (
    don_vi text COLLATE "C", tu date, den date, xuat_tu date, xuat_den date, khoa text COLLATE "C"
) ON COMMIT DROP;

INSERT INTO nghi_ngo
WITH khoa_moi AS (
    SELECT
        khoa,
        ma_don_vi,
        valid_from,
        valid_to
    FROM core.don_vi_khoa
),

-- A name that meant no unit has given none to any row.
khoa_doi AS (
    SELECT khac.khoa
    FROM (
        (
            SELECT * FROM truoc_khoa
            EXCEPT
            SELECT * FROM khoa_moi
        )
        UNION ALL
        (
            SELECT * FROM khoa_moi
            EXCEPT
            SELECT * FROM truoc_khoa
        )
    ) AS khac
    WHERE khac.khoa IN (SELECT t.khoa FROM truoc_khoa AS t)
    GROUP BY khac.khoa
),

doan AS (
    SELECT
        moc.khoa,
        moc.tu,
        lead(moc.tu, 1, 'infinity'::date) OVER (PARTITION BY moc.khoa ORDER BY moc.tu) - 1 AS den
    FROM (
        SELECT
            ca_hai.khoa,
            unnest(ARRAY['-infinity', ca_hai.valid_from, ca_hai.valid_to + 1]) AS tu
        FROM (
            SELECT * FROM truoc_khoa
            UNION
            SELECT * FROM khoa_moi
        ) AS ca_hai
        INNER JOIN khoa_doi ON ca_hai.khoa = khoa_doi.khoa
        GROUP BY 1, 2
    ) AS moc
    WHERE moc.tu < 'infinity'
),

doi AS (
    SELECT
        doan.khoa,
        doan.tu,
        doan.den,
        cu.ma_don_vi AS cu
    FROM doan
    LEFT JOIN truoc_khoa AS cu ON doan.khoa = cu.khoa AND doan.tu BETWEEN cu.valid_from AND cu.valid_to
    LEFT JOIN khoa_moi AS moi ON doan.khoa = moi.khoa AND doan.tu BETWEEN moi.valid_from AND moi.valid_to
    WHERE cu.ma_don_vi IS DISTINCT FROM moi.ma_don_vi
),

mo_ho_moi AS (
    SELECT
        khoa,
        valid_from,
        valid_to
    FROM core.don_vi_khoa_mo_ho
),

tien_than_moi AS (
    SELECT
        ma_don_vi,
        valid_from,
        valid_to,
        xuat_tu,
        xuat_den,
        ung_vien
    FROM core.don_vi_tien_than
)

-- On the day itself; where a name meant nobody that day, whoever bore it on the day of the export.
SELECT
    coalesce(doi.cu, moi_nghia.ma_don_vi) AS don_vi,
    doi.tu,
    doi.den,
    '-infinity'::date AS xuat_tu,
    'infinity'::date AS xuat_den,
    NULL AS khoa
FROM doi
LEFT JOIN truoc_khoa AS moi_nghia ON doi.khoa = moi_nghia.khoa AND doi.cu IS NULL
UNION
-- On the day of the export, of things of days on which the name meant nobody.
SELECT
    cu,
    '-infinity',
    'infinity',
    tu,
    den,
    khoa
FROM doi
WHERE cu IS NOT NULL
UNION
SELECT
    k.ma_don_vi,
    m.valid_from,
    m.valid_to,
    '-infinity',
    'infinity',
    NULL
FROM (
    (
        SELECT * FROM truoc_mo_ho
        EXCEPT
        SELECT * FROM mo_ho_moi
    )
    UNION ALL
    (
        SELECT * FROM mo_ho_moi
        EXCEPT
        SELECT * FROM truoc_mo_ho
    )
) AS m
INNER JOIN truoc_khoa AS k ON m.khoa = k.khoa
UNION
SELECT
    t.ma_don_vi,
    t.valid_from,
    t.valid_to,
    t.xuat_tu,
    t.xuat_den,
    NULL
FROM (
    (
        SELECT * FROM truoc_tien_than
        EXCEPT
        SELECT * FROM tien_than_moi
    )
    UNION ALL
    (
        SELECT * FROM tien_than_moi
        EXCEPT
        SELECT * FROM truoc_tien_than
    )
) AS t
-- Who took a thing over from nobody has it from himself, as if this was not asked.
WHERE t.ung_vien <> ARRAY[t.ma_don_vi];

-- Documents and work dossiers bear the unit from which the one that the file named took them over.
INSERT INTO nghi_ngo
SELECT DISTINCT
    truoc.don_vi,
    n.tu,
    n.den,
    n.xuat_tu,
    n.xuat_den,
    n.khoa
FROM nghi_ngo AS n
INNER JOIN truoc_tien_than AS t ON n.don_vi = t.ma_don_vi
CROSS JOIN LATERAL unnest(t.ung_vien) AS truoc (don_vi)
WHERE truoc.don_vi <> n.don_vi;

INSERT INTO ops.reopened (batch_id, caused_by, reason)
SELECT DISTINCT
    d.batch_id,
    :batch_id,
    'don_vi'
FROM (
    SELECT
        batch_id,
        don_vi_ngay_xuat AS don_vi,
        coalesce(ngay_tiep_nhan, ngay_nop_ho_so, ngay_cap_nhat)::date AS ngay
    FROM core.ho_so
    UNION
    SELECT
        batch_id,
        ma_don_vi,
        coalesce(
            CASE huong WHEN 'den' THEN ngay_den ELSE ngay_dang_ky END,
            ngay_phat_hanh,
            ngay_dang_ky,
            ngay_van_ban,
            ngay_cap_nhat
        )::date
    FROM core.van_ban
    UNION
    SELECT
        batch_id,
        ma_don_vi,
        ngay_mo::date
    FROM core.ho_so_cong_viec
    UNION
    SELECT
        batch_id,
        ma_don_vi,
        ((ky || '-01')::date + interval '1 month')::date - 1
    FROM core.khai_bao
) AS d
INNER JOIN nghi_ngo AS n ON d.don_vi = n.don_vi AND d.ngay BETWEEN n.tu AND n.den
INNER JOIN ops.batch AS b ON d.batch_id = b.batch_id
WHERE
    EXISTS (SELECT 1 FROM nghi_ngo)
    AND (
        n.xuat_tu = '-infinity' AND n.xuat_den = 'infinity'
        OR b.extracted_at::date BETWEEN n.xuat_tu AND n.xuat_den
    )
    AND NOT EXISTS (
        SELECT 1 FROM truoc_khoa AS k
        WHERE k.khoa = n.khoa AND d.ngay BETWEEN k.valid_from AND k.valid_to
    )
ON CONFLICT (batch_id) DO UPDATE
    SET caused_by = excluded.caused_by, reopened_at = now()
