-- One row of core.don_vi is one unit in one range of validity; core.don_vi_nguon, _khoa and _tra_loi
-- follow from it: whom a source's code or a name means, and who answers for a code on any day.
-- Safe to repeat: versions of sources are kept once by content, rows of the reference file are replaced,
-- and everything is rebuilt from both and from core.ke_thua, whatever order they came in.
DELETE FROM core.don_vi_phien_ban
WHERE
    -- Its rows may have come by hand before, as if a source had said them.
    (ma_nguon = 'tham_chieu' OR batch_id = :batch_id)
    AND EXISTS (
        SELECT 1 FROM ops.batch
        WHERE batch_id = :batch_id AND origin = 'reference'
    );

INSERT INTO core.don_vi_phien_ban (ma_nguon, ma_don_vi, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
SELECT
    CASE WHEN phien_ban.la_tham_chieu THEN 'tham_chieu' ELSE 'he_thong' END AS ma_nguon,
    phien_ban.ma_don_vi,
    -- The reference file says nothing of when it was changed: the newest file is the one that counts.
    CASE
        WHEN phien_ban.la_tham_chieu THEN coalesce(phien_ban.hieu_luc_tu, '-infinity')
        ELSE phien_ban.ngay_cap_nhat
    END AS thoi_diem,
    md5(phien_ban.ban_ghi::text) AS van_tay,
    phien_ban.ban_ghi,
    :batch_id AS batch_id,
    phien_ban.line_no
FROM (
    SELECT
        batch_rows.ma_don_vi,
        batch_rows.ngay_cap_nhat,
        batch_rows.hieu_luc_tu,
        batch_rows.line_no,
        lo_nhan.origin = 'reference' AS la_tham_chieu,
        jsonb_build_object(
            'ten_khoa', batch_rows.ten_don_vi_khoa,
            'ten_don_vi', batch_rows.ten_don_vi, -- columns like ten_don_vi
            'hieu_luc_tu', batch_rows.hieu_luc_tu::date,
            'hieu_luc_den', batch_rows.hieu_luc_den::date
        ) - CAST(:missing_columns AS text[]) AS ban_ghi
    FROM batch_rows
    INNER JOIN ops.batch AS lo_nhan ON lo_nhan.batch_id = :batch_id
) AS phien_ban
ON CONFLICT DO NOTHING;

-- By what it last knew of so few rows PostgreSQL would search all of them for each.
SELECT ops.analyze(CAST('{core.don_vi_phien_ban}' AS regclass[]));

-- Versions of one moment that say different things; a version of fewer columns says nothing of the others.
INSERT INTO contradictions
SELECT
    moi.line_no,
    cu.batch_id AS lo_cu,
    cu.line_no AS dong_cu
FROM core.don_vi_phien_ban AS moi
INNER JOIN core.don_vi_phien_ban AS cu ON moi.ma_don_vi = cu.ma_don_vi AND moi.thoi_diem = cu.thoi_diem
WHERE
    moi.batch_id = :batch_id
    AND moi.ma_nguon = 'he_thong'
    AND cu.ma_nguon = 'he_thong'
    AND moi.van_tay <> cu.van_tay
    AND EXISTS (
        SELECT 1
        FROM jsonb_each(moi.ban_ghi) AS a
        INNER JOIN jsonb_each(cu.ban_ghi) AS b ON a.key = b.key
        WHERE a.value <> b.value
    );

CREATE TEMP TABLE don_vi_cu ON COMMIT DROP AS
SELECT * FROM core.don_vi;

CREATE TEMP TABLE don_vi_nguon_cu ON COMMIT DROP AS
SELECT * FROM core.don_vi_nguon;

CREATE TEMP TABLE don_vi_tra_loi_cu ON COMMIT DROP AS
SELECT * FROM core.don_vi_tra_loi;

DELETE FROM core.don_vi;

DELETE FROM core.don_vi_nguon;

DELETE FROM core.don_vi_tra_loi;

DELETE FROM core.don_vi_khoa;

-- The ranges that sources state, and those of the reference file.
CREATE TEMP VIEW versions AS
SELECT
    ma_don_vi AS khoa,
    thoi_diem,
    van_tay,
    ban_ghi,
    batch_id,
    line_no
FROM core.don_vi_phien_ban
WHERE ma_nguon = 'he_thong';

-- include version_ranges.sql

CREATE TEMP TABLE khoang ON COMMIT DROP AS
SELECT
    'he_thong' AS ma_nguon,
    khoa AS ma_don_vi,
    valid_from,
    valid_to,
    s,
    s ->> 'ten_khoa' AS ten_khoa,
    s ->> 'cap' AS cap,
    last_state ->> 'ma_don_vi_ke_thua' AS ma_don_vi_ke_thua,
    batch_id,
    line_no
FROM version_ranges
UNION ALL
SELECT
    ma_nguon,
    ma_don_vi,
    coalesce((ban_ghi ->> 'hieu_luc_tu')::date, '-infinity') AS valid_from,
    coalesce((ban_ghi ->> 'hieu_luc_den')::date, 'infinity') AS valid_to,
    ban_ghi AS s,
    ban_ghi ->> 'ten_khoa' AS ten_khoa,
    ban_ghi ->> 'cap' AS cap,
    (
        SELECT kt.ma_don_vi_moi
        FROM core.ke_thua AS kt
        WHERE kt.ma_don_vi_cu = pb.ma_don_vi AND kt.nhan_ton
        ORDER BY kt.ngay_hieu_luc DESC
        LIMIT 1
    ) AS ma_don_vi_ke_thua,
    batch_id,
    line_no
FROM core.don_vi_phien_ban AS pb
WHERE ma_nguon = 'tham_chieu';

DROP VIEW version_ranges, versions;

-- Names -------------------------------------------------------------------------------------------
-- "Xã X" is also called "UBND xã X", "X", "Xã X, Huyện Y", "X - Huyện Y" …
CREATE TEMP TABLE cach_goi ON COMMIT DROP AS
WITH ten AS (
    SELECT
        ma_nguon,
        ma_don_vi,
        valid_from,
        valid_to,
        cap,
        s ->> 'ma_don_vi_cha' AS ma_don_vi_cha,
        regexp_replace(ten_khoa, '^(ubnd|ủy ban nhân dân) ', '') AS ten
    FROM khoang
    UNION
    SELECT
        k.ma_nguon,
        k.ma_don_vi,
        greatest(k.valid_from, kh.valid_from) AS valid_from,
        least(k.valid_to, kh.valid_to) AS valid_to,
        k.cap,
        k.s ->> 'ma_don_vi_cha' AS ma_don_vi_cha,
        regexp_replace(kh.khoa, '^(ubnd|ủy ban nhân dân) ', '') AS ten
    FROM core.ten_goi_khac AS kh
    INNER JOIN khoang AS k
        ON
            kh.ma_don_vi = k.ma_don_vi AND k.ma_nguon = 'tham_chieu'
            AND kh.valid_from <= k.valid_to AND kh.valid_to >= k.valid_from
),

-- With its kind and without, unless only a number is left ("Phường 1").
ten_gon AS (
    SELECT
        ten.*,
        gon.ten_gon,
        gon.ten_gon = ten.ten AS la_du
    FROM ten
    CROSS JOIN
        LATERAL (
            SELECT ten.ten AS ten_gon
            UNION
            SELECT regexp_replace(ten.ten, '^(tỉnh|thành phố|thị xã|huyện|thị trấn|phường|xã) ', '') AS ten_gon
            WHERE ten.cap IN ('toan_tinh', 'huyen', 'xa')
        ) AS gon
    WHERE gon.ten_gon ~ '^\D'
),

-- By itself, or with the unit it belongs to.
noi AS (
    SELECT
        ma_nguon,
        ma_don_vi,
        valid_from,
        valid_to,
        cap,
        la_du,
        ten_gon AS khoa
    FROM ten_gon
    UNION
    SELECT
        con.ma_nguon,
        con.ma_don_vi,
        greatest(con.valid_from, cha.valid_from) AS valid_from,
        least(con.valid_to, cha.valid_to) AS valid_to,
        con.cap,
        con.la_du,
        con.ten_gon || dau.dau || cha.ten_gon AS khoa
    FROM ten_gon AS con
    INNER JOIN ten_gon AS cha
        ON
            con.ma_nguon = cha.ma_nguon AND con.ma_don_vi_cha = cha.ma_don_vi
            AND con.valid_from <= cha.valid_to AND con.valid_to >= cha.valid_from
    CROSS JOIN (VALUES (', '), (' - '), (' ')) AS dau (dau)
    WHERE dau.dau <> ' ' OR (con.la_du AND cha.la_du)
    UNION
    SELECT
        con.ma_nguon,
        con.ma_don_vi,
        greatest(con.valid_from, cha.valid_from, ong.valid_from) AS valid_from,
        least(con.valid_to, cha.valid_to, ong.valid_to) AS valid_to,
        con.cap,
        con.la_du,
        con.ten_gon || ', ' || cha.ten || ', ' || ong.ten AS khoa
    FROM ten_gon AS con
    INNER JOIN ten AS cha
        ON
            con.ma_nguon = cha.ma_nguon AND con.ma_don_vi_cha = cha.ma_don_vi
            AND con.valid_from <= cha.valid_to AND con.valid_to >= cha.valid_from
    INNER JOIN ten AS ong
        ON
            cha.ma_nguon = ong.ma_nguon AND cha.ma_don_vi_cha = ong.ma_don_vi
            AND con.valid_from <= ong.valid_to AND con.valid_to >= ong.valid_from
            AND cha.valid_from <= ong.valid_to AND cha.valid_to >= ong.valid_from
)

SELECT
    noi.ma_nguon,
    noi.ma_don_vi,
    noi.valid_from,
    noi.valid_to,
    noi.cap,
    dau.dau || noi.khoa AS khoa
FROM noi
CROSS JOIN (VALUES (''), ('ubnd '), ('ủy ban nhân dân ')) AS dau (dau)
WHERE dau.dau = '' OR noi.la_du;

ANALYZE cach_goi;

-- Whom a source's code means ----------------------------------------------------------------------
-- The surest way that names a unit of the reference file while the source's row holds.
CREATE TEMP TABLE ung_vien ON COMMIT DROP AS
WITH khop AS (
    SELECT
        n.ma_don_vi AS ma_don_vi_nguon,
        n.valid_from AS tu_nguon,
        kh.ma_don_vi,
        kh.valid_from,
        kh.valid_to,
        CASE kh.khoa WHEN lower(n.ma_don_vi) THEN 1 ELSE 2 END AS hang,
        'ten_goi_khac' AS khop_theo
    FROM khoang AS n
    INNER JOIN core.ten_goi_khac AS kh ON kh.khoa IN (lower(n.ma_don_vi), n.ten_khoa)
    WHERE n.ma_nguon = 'he_thong'
    UNION ALL
    SELECT
        n.ma_don_vi AS ma_don_vi_nguon,
        n.valid_from AS tu_nguon,
        t.ma_don_vi,
        t.valid_from,
        t.valid_to,
        CASE WHEN t.s ->> 'ma_gso' = n.s ->> 'ma_gso' THEN 4 ELSE 3 END AS hang,
        CASE WHEN t.s ->> 'ma_gso' = n.s ->> 'ma_gso' THEN 'ma_gso' ELSE 'ma' END AS khop_theo
    FROM khoang AS n
    INNER JOIN khoang AS t
        ON
            t.s ->> 'ma_gso' = n.s ->> 'ma_gso'
            OR lower(n.ma_don_vi) IN (lower(t.ma_don_vi), lower(t.s ->> 'ma_dinh_danh'))
    WHERE n.ma_nguon = 'he_thong' AND t.ma_nguon = 'tham_chieu'
    UNION ALL
    SELECT
        n.ma_don_vi AS ma_don_vi_nguon,
        n.valid_from AS tu_nguon,
        g.ma_don_vi,
        g.valid_from,
        g.valid_to,
        5 AS hang,
        'ten' AS khop_theo
    FROM khoang AS n
    INNER JOIN cach_goi AS g ON n.ten_khoa = g.khoa AND n.cap = g.cap AND g.ma_nguon = 'tham_chieu'
    WHERE
        n.ma_nguon = 'he_thong'
        AND NOT EXISTS (
            SELECT 1 FROM cach_goi AS khac
            WHERE
                khac.khoa = g.khoa AND khac.cap = g.cap AND khac.ma_nguon = g.ma_nguon
                AND khac.ma_don_vi <> g.ma_don_vi
                AND khac.valid_from <= g.valid_to AND khac.valid_to >= g.valid_from
        )
)

SELECT
    n.ma_don_vi AS ma_don_vi_nguon,
    n.valid_from AS tu_nguon,
    t.ma_don_vi,
    t.valid_from AS tu_tham_chieu,
    khop.khop_theo,
    khop.hang,
    greatest(n.valid_from, t.valid_from, khop.valid_from) AS valid_from,
    least(n.valid_to, t.valid_to, khop.valid_to) AS valid_to
FROM khop
INNER JOIN khoang AS n
    ON khop.ma_don_vi_nguon = n.ma_don_vi AND khop.tu_nguon = n.valid_from AND n.ma_nguon = 'he_thong'
INNER JOIN khoang AS t ON khop.ma_don_vi = t.ma_don_vi AND t.ma_nguon = 'tham_chieu'
WHERE
    greatest(n.valid_from, t.valid_from, khop.valid_from) <= least(n.valid_to, t.valid_to, khop.valid_to);

INSERT INTO core.don_vi_nguon (
    ma_don_vi_nguon, valid_from, valid_to, ma_don_vi, khop_theo, khac, batch_id, line_no
)
SELECT DISTINCT ON (chon.ma_don_vi_nguon, chon.valid_from)
    chon.ma_don_vi_nguon,
    chon.valid_from,
    chon.valid_to,
    chon.ma_don_vi,
    chon.khop_theo,
    jsonb_strip_nulls(
        jsonb_build_object(
            'ten_don_vi',
            CASE
                WHEN
                    NOT EXISTS (
                        SELECT 1 FROM cach_goi AS g
                        WHERE g.ma_nguon = 'tham_chieu' AND g.ma_don_vi = t.ma_don_vi AND g.khoa = n.ten_khoa
                    )
                    THEN
                        jsonb_build_object(
                            'nguon', n.s ->> 'ten_don_vi', 'tham_chieu', t.s ->> 'ten_don_vi'
                        )
            END,
            'cap',
            CASE WHEN n.cap <> t.cap THEN jsonb_build_object('nguon', n.cap, 'tham_chieu', t.cap) END,
            'ma_gso',
            CASE
                WHEN n.s ->> 'ma_gso' <> t.s ->> 'ma_gso'
                    THEN jsonb_build_object('nguon', n.s ->> 'ma_gso', 'tham_chieu', t.s ->> 'ma_gso')
            END,
            'hieu_luc_tu',
            CASE
                WHEN n.s ->> 'hieu_luc_tu' <> t.s ->> 'hieu_luc_tu'
                    THEN
                        jsonb_build_object(
                            'nguon', n.s ->> 'hieu_luc_tu', 'tham_chieu', t.s ->> 'hieu_luc_tu'
                        )
            END,
            'hieu_luc_den',
            CASE
                WHEN n.valid_to < 'infinity' AND n.valid_to <> t.valid_to AND n.s ->> 'hieu_luc_den' = n.valid_to::text
                    THEN
                        jsonb_build_object(
                            'nguon', n.s ->> 'hieu_luc_den', 'tham_chieu', t.s ->> 'hieu_luc_den'
                        )
            END
        )
    ) AS khac,
    n.batch_id,
    n.line_no
FROM (
    SELECT
        u.*,
        min(u.hang) OVER (PARTITION BY u.ma_don_vi_nguon, u.tu_nguon) AS hang_nhat
    FROM ung_vien AS u
) AS chon
INNER JOIN khoang AS n
    ON chon.ma_don_vi_nguon = n.ma_don_vi AND chon.tu_nguon = n.valid_from AND n.ma_nguon = 'he_thong'
INNER JOIN khoang AS t
    ON chon.ma_don_vi = t.ma_don_vi AND chon.tu_tham_chieu = t.valid_from AND t.ma_nguon = 'tham_chieu'
WHERE chon.hang = chon.hang_nhat
ORDER BY chon.ma_don_vi_nguon ASC, chon.valid_from ASC, chon.ma_don_vi ASC, chon.valid_to DESC;

-- Units -------------------------------------------------------------------------------------------
-- Those of the reference file as it says, and those that only a source knows.
INSERT INTO core.don_vi (
    ma_don_vi, valid_from, valid_to,
    ten_don_vi, -- columns like ten_don_vi but ma_don_vi_ke_thua, theo_doi, da_kiem_chung
    ma_don_vi_ke_thua, theo_doi, da_kiem_chung, batch_id, line_no
)
SELECT
    k.ma_don_vi,
    k.valid_from,
    k.valid_to,
    CAST(k.s ->> 'cap' AS text) AS cap, -- columns like cap but ma_don_vi_ke_thua, theo_doi, da_kiem_chung
    k.ma_don_vi_ke_thua,
    coalesce((k.s ->> 'theo_doi')::int, 1) = 1 AS theo_doi,
    coalesce((k.s ->> 'da_kiem_chung')::int, 0) = 1 AS da_kiem_chung,
    k.batch_id,
    k.line_no
FROM khoang AS k
WHERE
    k.ma_nguon = 'tham_chieu'
    OR NOT EXISTS (
        SELECT 1 FROM ung_vien AS u
        WHERE u.ma_don_vi_nguon = k.ma_don_vi AND u.tu_nguon = k.valid_from
    );

-- Who answers -------------------------------------------------------------------------------------
-- A unit answers for itself until another takes over its open dossiers, that one until the next.
CREATE TEMP TABLE canh ON COMMIT DROP AS
SELECT
    kt.ma_don_vi_cu AS cu,
    kt.ma_don_vi_moi AS moi,
    kt.ngay_hieu_luc AS ngay
FROM core.ke_thua AS kt
WHERE kt.nhan_ton
UNION ALL
-- What a source says counts for units that the reference file does not know.
SELECT
    cuoi.ma_don_vi AS cu,
    coalesce(n.ma_don_vi, cuoi.ma_don_vi_ke_thua) AS moi,
    cuoi.valid_to + 1 AS ngay
FROM (
    SELECT DISTINCT ON (k.ma_don_vi) k.*
    FROM khoang AS k
    WHERE
        k.ma_nguon = 'he_thong'
        AND NOT EXISTS (
            SELECT 1 FROM khoang AS t
            WHERE t.ma_nguon = 'tham_chieu' AND t.ma_don_vi = k.ma_don_vi
        )
    ORDER BY k.ma_don_vi ASC, k.valid_to DESC
) AS cuoi
LEFT JOIN LATERAL (
    SELECT dn.ma_don_vi
    FROM core.don_vi_nguon AS dn
    WHERE dn.ma_don_vi_nguon = cuoi.ma_don_vi_ke_thua
    ORDER BY (cuoi.valid_to + 1 BETWEEN dn.valid_from AND dn.valid_to) DESC, dn.valid_from DESC
    LIMIT 1
) AS n ON TRUE
WHERE cuoi.valid_to < 'infinity' AND cuoi.ma_don_vi_ke_thua IS NOT NULL;

CREATE TEMP TABLE tiep_noi ON COMMIT DROP AS
WITH RECURSIVE chuoi AS (
    SELECT DISTINCT
        d.ma_don_vi AS ma_goc,
        d.ma_don_vi,
        '-infinity'::date AS tu,
        ARRAY[d.ma_don_vi] AS qua
    FROM core.don_vi AS d
    UNION ALL
    SELECT
        c.ma_goc,
        e.moi AS ma_don_vi,
        greatest(c.tu, e.ngay) AS tu,
        c.qua || e.moi AS qua
    FROM chuoi AS c
    INNER JOIN canh AS e ON c.ma_don_vi = e.cu
    -- A circle in a source's data must not run for ever.
    WHERE e.moi <> ALL(c.qua) AND e.moi IN (SELECT d.ma_don_vi FROM core.don_vi AS d)
)

SELECT
    ma_goc,
    ma_don_vi,
    tu AS valid_from,
    lead(tu, 1, 'infinity'::date) OVER (PARTITION BY ma_goc ORDER BY cardinality(qua)) - 1 AS valid_to
FROM chuoi;

INSERT INTO core.don_vi_tra_loi (ma_goc, valid_from, valid_to, ma_don_vi)
WITH ma_nguon AS (
    SELECT n.*
    FROM core.don_vi_nguon AS n
    WHERE
        NOT EXISTS (
            SELECT 1 FROM khoang AS t
            WHERE t.ma_nguon = 'tham_chieu' AND t.ma_don_vi = n.ma_don_vi_nguon
        )
),

-- A code of a source means the unit it meant last, before its first range the first one; a code of
-- the reference file means its unit, whatever a source says.
nghia AS (
    SELECT
        y.ma_goc,
        y.ma_don_vi,
        CASE WHEN row_number() OVER theo_ngay = 1 THEN '-infinity' ELSE y.valid_from END AS tu,
        lead(y.valid_from, 1, 'infinity'::date) OVER theo_ngay - 1 AS den
    FROM (
        SELECT
            n.ma_don_vi_nguon AS ma_goc,
            n.ma_don_vi,
            n.valid_from
        FROM ma_nguon AS n
        UNION ALL
        SELECT
            d.ma_don_vi AS ma_goc,
            d.ma_don_vi,
            d.valid_from
        FROM core.don_vi AS d
        WHERE d.ma_don_vi IN (SELECT n.ma_don_vi_nguon FROM ma_nguon AS n)
    ) AS y
    WINDOW theo_ngay AS (PARTITION BY y.ma_goc ORDER BY y.valid_from)
    UNION ALL
    SELECT DISTINCT
        d.ma_don_vi AS ma_goc,
        d.ma_don_vi,
        '-infinity'::date AS tu,
        'infinity'::date AS den
    FROM core.don_vi AS d
    WHERE d.ma_don_vi NOT IN (SELECT n.ma_don_vi_nguon FROM ma_nguon AS n)
)

SELECT
    nghia.ma_goc,
    greatest(nghia.tu, t.valid_from) AS valid_from,
    least(nghia.den, t.valid_to) AS valid_to,
    t.ma_don_vi
FROM nghia
INNER JOIN tiep_noi AS t ON nghia.ma_don_vi = t.ma_goc
WHERE greatest(nghia.tu, t.valid_from) <= least(nghia.den, t.valid_to);

-- A successor that a source names and the reference file does not is worth a look.
UPDATE core.don_vi_nguon AS n
SET
    khac = n.khac || jsonb_build_object(
        'ma_don_vi_ke_thua', jsonb_build_object('nguon', o.theo_nguon, 'tham_chieu', o.theo_tham_chieu)
    )
FROM (
    SELECT
        dn.ma_don_vi_nguon,
        dn.valid_from,
        k.ma_don_vi_ke_thua AS theo_nguon,
        d.ma_don_vi_ke_thua AS theo_tham_chieu,
        (
            SELECT t.ma_don_vi
            FROM core.don_vi_tra_loi AS t
            WHERE t.ma_goc = k.ma_don_vi_ke_thua AND dn.valid_to + 1 BETWEEN t.valid_from AND t.valid_to
        ) AS nghia
    FROM core.don_vi_nguon AS dn
    INNER JOIN khoang AS k
        ON
            dn.ma_don_vi_nguon = k.ma_don_vi AND k.ma_nguon = 'he_thong'
            AND dn.valid_from BETWEEN k.valid_from AND k.valid_to
    INNER JOIN core.don_vi AS d
        ON dn.ma_don_vi = d.ma_don_vi AND dn.valid_from BETWEEN d.valid_from AND d.valid_to
    WHERE k.ma_don_vi_ke_thua IS NOT NULL
) AS o
WHERE
    n.ma_don_vi_nguon = o.ma_don_vi_nguon
    AND n.valid_from = o.valid_from
    AND o.nghia IS DISTINCT FROM o.theo_tham_chieu;

-- What a unit may be called -----------------------------------------------------------------------
-- A key stays where the surest way of calling names exactly one unit: a name that officers gave, a
-- code, a name, a name that only a source uses.
CREATE TEMP TABLE ro ON COMMIT DROP AS
WITH goi AS (
    SELECT
        kh.khoa,
        d.ma_don_vi,
        greatest(kh.valid_from, d.valid_from) AS valid_from,
        least(kh.valid_to, d.valid_to) AS valid_to,
        1 AS hang
    FROM core.ten_goi_khac AS kh
    INNER JOIN core.don_vi AS d
        ON kh.ma_don_vi = d.ma_don_vi AND kh.valid_from <= d.valid_to AND kh.valid_to >= d.valid_from
    UNION ALL
    SELECT
        lower(ma.ma) AS khoa,
        d.ma_don_vi,
        d.valid_from,
        d.valid_to,
        2 AS hang
    FROM core.don_vi AS d
    CROSS JOIN LATERAL (VALUES (d.ma_don_vi), (d.ma_dinh_danh), (d.ma_gso)) AS ma (ma)
    WHERE ma.ma IS NOT NULL
    UNION ALL
    SELECT
        lower(n.ma_don_vi_nguon) AS khoa,
        n.ma_don_vi,
        n.valid_from,
        n.valid_to,
        2 AS hang
    FROM core.don_vi_nguon AS n
    UNION ALL
    SELECT
        g.khoa,
        g.ma_don_vi,
        greatest(g.valid_from, d.valid_from) AS valid_from,
        least(g.valid_to, d.valid_to) AS valid_to,
        3 AS hang
    FROM cach_goi AS g
    INNER JOIN core.don_vi AS d
        ON g.ma_don_vi = d.ma_don_vi AND g.valid_from <= d.valid_to AND g.valid_to >= d.valid_from
    UNION ALL
    SELECT
        k.ten_khoa AS khoa,
        n.ma_don_vi,
        n.valid_from,
        n.valid_to,
        4 AS hang
    FROM core.don_vi_nguon AS n
    INNER JOIN khoang AS k
        ON
            n.ma_don_vi_nguon = k.ma_don_vi AND k.ma_nguon = 'he_thong'
            AND n.valid_from BETWEEN k.valid_from AND k.valid_to
),

doan AS (
    SELECT
        moc.khoa,
        moc.tu,
        lead(moc.tu, 1, 'infinity'::date) OVER (PARTITION BY moc.khoa ORDER BY moc.tu) AS het
    FROM (
        SELECT
            khoa,
            valid_from AS tu
        FROM goi
        UNION
        SELECT
            khoa,
            valid_to + 1 AS tu
        FROM goi
        WHERE valid_to < 'infinity'
    ) AS moc
)

SELECT
    g.khoa,
    g.tu,
    g.het,
    -- Several units, or the province: the key is in use and names none.
    CASE
        WHEN
            min(g.ma_don_vi) = max(g.ma_don_vi)
            AND NOT EXISTS (
                SELECT 1 FROM core.don_vi AS d
                WHERE d.cap = 'toan_tinh' AND d.ma_don_vi = min(g.ma_don_vi)
            )
            THEN min(g.ma_don_vi)
    END AS ma_don_vi
FROM (
    SELECT
        doan.*,
        goi.ma_don_vi,
        goi.hang,
        min(goi.hang) OVER (PARTITION BY doan.khoa, doan.tu) AS hang_nhat
    FROM doan
    INNER JOIN goi ON doan.khoa = goi.khoa AND doan.tu BETWEEN goi.valid_from AND goi.valid_to
) AS g
WHERE g.hang = g.hang_nhat
GROUP BY g.khoa, g.tu, g.het;

DELETE FROM core.don_vi_khoa_mo_ho;

INSERT INTO core.don_vi_khoa_mo_ho (khoa, valid_from, valid_to)
SELECT
    khoa,
    tu AS valid_from,
    het - 1 AS valid_to
FROM ro
WHERE ma_don_vi IS NULL;

INSERT INTO core.don_vi_khoa (khoa, ma_don_vi, valid_from, valid_to)
SELECT
    lien.khoa,
    lien.ma_don_vi,
    min(lien.tu) AS valid_from,
    max(lien.het) - 1 AS valid_to
FROM (
    -- Stretches that touch and mean the same unit are one.
    SELECT
        moi.*,
        count(*) FILTER (WHERE moi.dut) OVER (PARTITION BY moi.khoa ORDER BY moi.tu) AS nhom
    FROM (
        SELECT
            ro.*,
            coalesce(lag(ro.het) OVER theo_ngay <> ro.tu OR lag(ro.ma_don_vi) OVER theo_ngay <> ro.ma_don_vi, TRUE)
                AS dut
        FROM ro
        WHERE ro.ma_don_vi IS NOT NULL
        WINDOW theo_ngay AS (PARTITION BY ro.khoa ORDER BY ro.tu)
    ) AS moi
) AS lien
GROUP BY lien.khoa, lien.ma_don_vi, lien.nhom;

-- Whom a unit may have taken a thing over from -------------------------------------------------------
-- Every way of succession counts here, also of a part: what may have come from two is not guessed.
DELETE FROM core.don_vi_tien_than;

INSERT INTO core.don_vi_tien_than (ma_don_vi, valid_from, valid_to, xuat_tu, xuat_den, ung_vien)
WITH RECURSIVE buoc AS (
    SELECT
        canh.cu,
        canh.moi,
        canh.ngay,
        TRUE AS nhan_ton
    FROM canh
    UNION ALL
    SELECT
        kt.ma_don_vi_cu AS cu,
        kt.ma_don_vi_moi AS moi,
        kt.ngay_hieu_luc AS ngay,
        FALSE AS nhan_ton
    FROM core.ke_thua AS kt
    WHERE NOT kt.nhan_ton
),

duong AS (
    SELECT
        buoc.cu,
        buoc.moi,
        buoc.ngay
    FROM buoc
    UNION
    SELECT
        duong.cu,
        buoc.moi,
        greatest(duong.ngay, buoc.ngay) AS ngay
    FROM duong
    INNER JOIN buoc ON duong.moi = buoc.cu AND (buoc.nhan_ton OR duong.ngay <= buoc.ngay)
),

ung_vien AS (
    SELECT
        d.ma_don_vi,
        d.ma_don_vi AS tu_don_vi,
        d.valid_from,
        d.valid_to,
        '-infinity'::date AS xuat_tu
    FROM core.don_vi AS d
    UNION ALL
    SELECT
        duong.moi AS ma_don_vi,
        d.ma_don_vi AS tu_don_vi,
        d.valid_from,
        least(d.valid_to, duong.ngay - 1) AS valid_to,
        duong.ngay AS xuat_tu
    FROM duong
    INNER JOIN core.don_vi AS d ON duong.cu = d.ma_don_vi
    WHERE duong.cu <> duong.moi AND d.valid_from < duong.ngay
),

khoang_nhan AS (
    SELECT
        moc.ma_don_vi,
        moc.tu,
        lead(moc.tu, 1, 'infinity'::date) OVER (PARTITION BY moc.ma_don_vi ORDER BY moc.tu) - 1 AS den
    FROM (
        SELECT
            ma_don_vi,
            valid_from AS tu
        FROM ung_vien
        UNION
        SELECT
            ma_don_vi,
            valid_to + 1 AS tu
        FROM ung_vien
        WHERE valid_to < 'infinity'
    ) AS moc
),

khoang_xuat AS (
    SELECT
        moc.ma_don_vi,
        moc.tu,
        lead(moc.tu, 1, 'infinity'::date) OVER (PARTITION BY moc.ma_don_vi ORDER BY moc.tu) - 1 AS den
    FROM (
        SELECT DISTINCT
            ma_don_vi,
            xuat_tu AS tu
        FROM ung_vien
    ) AS moc
)

-- A file made when the unit itself has ended does not name it for another: it keeps the names of its day.
SELECT
    u.ma_don_vi,
    nhan.tu AS valid_from,
    nhan.den AS valid_to,
    greatest(xuat.tu, song.tu) AS xuat_tu,
    least(xuat.den, song.den) AS xuat_den,
    array_agg(DISTINCT u.tu_don_vi ORDER BY u.tu_don_vi) AS ung_vien
FROM ung_vien AS u
INNER JOIN khoang_nhan AS nhan ON u.ma_don_vi = nhan.ma_don_vi AND nhan.tu BETWEEN u.valid_from AND u.valid_to
INNER JOIN khoang_xuat AS xuat ON u.ma_don_vi = xuat.ma_don_vi AND u.xuat_tu <= xuat.tu
INNER JOIN (
    SELECT
        ma_don_vi,
        min(valid_from) AS tu,
        max(valid_to) AS den
    FROM core.don_vi
    GROUP BY ma_don_vi
) AS song
    ON u.ma_don_vi = song.ma_don_vi AND xuat.tu <= song.den AND xuat.den >= song.tu
GROUP BY u.ma_don_vi, nhan.tu, nhan.den, xuat.tu, xuat.den, song.tu, song.den;

-- Figures change from the first day on which a unit is described differently, another unit answers
-- for a code, or a code of a source comes to be known.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT
    min(khac.tu) AS first_day,
    'infinity'::date AS last_day
FROM (
    SELECT ngay.tu
    FROM (
        SELECT
            ma_don_vi,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM core.don_vi
        UNION
        SELECT
            ma_don_vi,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM don_vi_cu
    ) AS ngay
    LEFT JOIN core.don_vi AS moi
        ON ngay.ma_don_vi = moi.ma_don_vi AND ngay.tu BETWEEN moi.valid_from AND moi.valid_to
    LEFT JOIN don_vi_cu AS cu
        ON ngay.ma_don_vi = cu.ma_don_vi AND ngay.tu BETWEEN cu.valid_from AND cu.valid_to
    WHERE
        (moi.valid_from IS NULL) <> (cu.valid_from IS NULL)
        OR moi.cap IS DISTINCT FROM cu.cap -- columns of figures like cap
    UNION ALL
    SELECT greatest(moi.valid_from, cu.valid_from) AS tu
    FROM core.don_vi_tra_loi AS moi
    INNER JOIN don_vi_tra_loi_cu AS cu
        ON moi.ma_goc = cu.ma_goc AND moi.valid_from <= cu.valid_to AND moi.valid_to >= cu.valid_from
    WHERE moi.ma_don_vi <> cu.ma_don_vi
    UNION ALL
    SELECT coalesce(moi.valid_from, cu.valid_from) AS tu
    FROM core.don_vi_nguon AS moi
    FULL OUTER JOIN don_vi_nguon_cu AS cu ON moi.ma_don_vi_nguon = cu.ma_don_vi_nguon
    WHERE moi.ma_don_vi_nguon IS NULL OR cu.ma_don_vi_nguon IS NULL
) AS khac;

-- Every line of dossiers is looked up here; PostgreSQL looks at so few rows by itself too late.
SELECT ops.analyze(CAST('{core.don_vi_khoa,core.don_vi_khoa_mo_ho,core.don_vi_tien_than}' AS regclass[]));

SELECT
    count(*) FILTER (WHERE held.line_no IS NOT NULL) AS lines_accepted,
    -- The same version of it came in another line.
    count(*) FILTER (WHERE held.line_no IS NULL AND coalesce(known.ma_don_vi, listed.ma_don_vi) IS NOT NULL)
        AS lines_superseded
FROM batch_rows
LEFT JOIN (
    SELECT DISTINCT line_no FROM core.don_vi_phien_ban
    WHERE batch_id = :batch_id
) AS held ON batch_rows.line_no = held.line_no
LEFT JOIN (
    SELECT DISTINCT
        ma_don_vi,
        thoi_diem
    FROM core.don_vi_phien_ban
) AS known ON batch_rows.ma_don_vi = known.ma_don_vi AND batch_rows.ngay_cap_nhat = known.thoi_diem
LEFT JOIN (
    SELECT DISTINCT
        ma_don_vi,
        thoi_diem
    FROM core.don_vi_phien_ban
) AS listed
    ON
        batch_rows.ma_don_vi = listed.ma_don_vi
        AND coalesce(batch_rows.hieu_luc_tu, '-infinity') = listed.thoi_diem;
