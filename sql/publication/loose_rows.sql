-- One row is one thing that is published and does not follow from the ledger, or stands in the ledger and is not
-- published, in words. Reads only.
WITH ban AS (
    -- What was published last of each closed period.
    SELECT
        c.ky_loai,
        c.ky,
        max(c.so_cai) AS so_cai
    FROM mart.con_so_cong_bo AS c
    WHERE c.trang_thai = 'da_chot'
    GROUP BY c.ky_loai, c.ky
),

con_so AS (
    SELECT c.*
    FROM mart.con_so_cong_bo AS c
    INNER JOIN ban ON c.ky_loai = ban.ky_loai AND c.ky = ban.ky AND c.so_cai = ban.so_cai
),

dang_dung AS (
    SELECT c.*
    FROM mart.chi_so AS c
    WHERE
        c.trang_thai = 'da_chot'
        OR EXISTS (
            SELECT FROM ban
            WHERE ban.ky_loai = c.ky_loai AND ban.ky = c.ky
        )
),

bieu AS (
    SELECT b.*
    FROM mart.bieu_06a_cong_bo AS b
    INNER JOIN ban ON b.ky_loai = ban.ky_loai AND b.ky = ban.ky AND b.so_cai = ban.so_cai
),

bieu_dang_dung AS (
    SELECT b.*
    FROM mart.bieu_06a AS b
    INNER JOIN ban ON b.ky_loai = ban.ky_loai AND b.ky = ban.ky
),

co_so AS (
    SELECT
        'mart.con_so_cong_bo' AS bang,
        so_cai
    FROM mart.con_so_cong_bo
    UNION
    SELECT
        'mart.bieu_06a_cong_bo' AS bang,
        so_cai
    FROM mart.bieu_06a_cong_bo
    UNION
    SELECT
        'core.dong_cong_bo' AS bang,
        so_cai
    FROM core.dong_cong_bo
    UNION
    SELECT
        'core.dem_cong_bo' AS bang,
        so_cai
    FROM core.dem_cong_bo
    UNION
    SELECT
        'core.don_vi_cong_bo' AS bang,
        so_cai
    FROM core.don_vi_cong_bo
    UNION
    SELECT
        'ops.dinh_nghia_cong_bo' AS bang,
        so_cai
    FROM ops.dinh_nghia_cong_bo
    UNION
    SELECT
        'ops.lo_cong_bo' AS bang,
        so_cai
    FROM ops.lo_cong_bo
    UNION
    SELECT
        'ops.tep_cong_bo' AS bang,
        so_cai
    FROM ops.tep_cong_bo
    UNION
    SELECT
        'ops.de_nghi' AS bang,
        so_cai
    FROM ops.de_nghi
    WHERE so_cai IS NOT NULL
),

sua_doi AS (
    -- Each figure twice: as its own revision has it, and taken from the next one. A figure that only one of the two
    -- has, as that of a unit that was not known yet, changes from nothing or to nothing.
    SELECT
        c.ky_loai,
        c.ky,
        c.ma_chi_so,
        c.ma_don_vi,
        c.revision + sau.buoc AS revision,
        (1 - 2 * sau.buoc) * coalesce(c.tu_so, 0) AS tu_so,
        (1 - 2 * sau.buoc) * coalesce(c.mau_so, 0) AS mau_so
    FROM mart.con_so_cong_bo AS c
    CROSS JOIN (VALUES (0), (1)) AS sau (buoc)
    WHERE
        c.trang_thai = 'da_chot'
        AND c.revision + sau.buoc > 0
        AND EXISTS (
            SELECT FROM mart.con_so_cong_bo AS k
            WHERE
                k.ky_loai = c.ky_loai AND k.ky = c.ky AND k.trang_thai = 'da_chot'
                AND k.revision = c.revision + sau.buoc
        )
),

thay_doi AS (
    SELECT
        s.ky_loai,
        s.ky,
        s.ma_chi_so,
        s.ma_don_vi,
        s.revision,
        sum(s.tu_so) AS tu_so,
        sum(s.mau_so) AS mau_so
    FROM sua_doi AS s
    GROUP BY s.ky_loai, s.ky, s.ma_chi_so, s.ma_don_vi, s.revision
),

phan AS (
    SELECT
        p.ky_loai,
        p.ky,
        p.ma_chi_so,
        p.ma_don_vi,
        p.den_revision,
        sum(p.tu_so) AS tu_so,
        sum(p.mau_so) AS mau_so
    FROM mart.phan_thay_doi AS p
    WHERE p.den_revision IS NOT NULL
    GROUP BY p.ky_loai, p.ky, p.ma_chi_so, p.ma_don_vi, p.den_revision
)

SELECT format('entry %s is missing: %s has rows of it', x.so_cai, x.bang) AS what
FROM co_so AS x
WHERE
    NOT EXISTS (
        SELECT FROM ops.so_cai AS s
        WHERE s.so = x.so_cai
    )
UNION ALL
SELECT format('entry %s (%s %s) has published no figure of its month', s.so, s.loai, s.ky) AS what
FROM ops.so_cai AS s
WHERE
    s.loai IN ('chot', 'tam_cong_bo', 'dinh_chinh')
    AND NOT EXISTS (
        SELECT FROM mart.con_so_cong_bo AS c
        WHERE c.so_cai = s.so AND c.ky_loai = 'thang' AND c.ky = s.ky
    )
UNION ALL
SELECT
    format(
        'mart.chi_so %s %s %s %s is not what was published last', coalesce(c.ky_loai, p.ky_loai), coalesce(c.ky, p.ky),
        coalesce(c.ma_chi_so, p.ma_chi_so), coalesce(c.ma_don_vi, p.ma_don_vi)
    ) AS what
FROM dang_dung AS c
FULL OUTER JOIN con_so AS p
    ON c.ky_loai = p.ky_loai AND c.ky = p.ky AND c.ma_don_vi = p.ma_don_vi AND c.ma_chi_so = p.ma_chi_so
WHERE to_jsonb(c) IS DISTINCT FROM to_jsonb(p) - '{so_cai,ma_bam_dong}'::text[]
UNION ALL
SELECT
    format(
        'mart.bieu_06a %s %s %s %s is not what was published last', coalesce(b.ky_loai, p.ky_loai),
        coalesce(b.ky, p.ky), coalesce(b.ma_don_vi, p.ma_don_vi), coalesce(b.ma_linh_vuc, p.ma_linh_vuc)
    ) AS what
FROM bieu_dang_dung AS b
FULL OUTER JOIN bieu AS p
    ON b.ky_loai = p.ky_loai AND b.ky = p.ky AND b.ma_don_vi = p.ma_don_vi AND b.ma_linh_vuc = p.ma_linh_vuc
WHERE to_jsonb(b) IS DISTINCT FROM to_jsonb(p) - 'so_cai'
UNION ALL
SELECT
    format(
        'mart.phan_thay_doi %s %s %s %s: its parts are not the change to revision %s', coalesce(t.ky_loai, p.ky_loai),
        coalesce(t.ky, p.ky), coalesce(t.ma_chi_so, p.ma_chi_so), coalesce(t.ma_don_vi, p.ma_don_vi),
        coalesce(t.revision, p.den_revision)
    ) AS what
FROM thay_doi AS t
FULL OUTER JOIN phan AS p
    ON
        t.ky_loai = p.ky_loai AND t.ky = p.ky AND t.ma_chi_so = p.ma_chi_so AND t.ma_don_vi = p.ma_don_vi
        AND t.revision = p.den_revision
WHERE (coalesce(t.tu_so, 0), coalesce(t.mau_so, 0)) <> (coalesce(p.tu_so, 0), coalesce(p.mau_so, 0))
UNION ALL
SELECT format('measure %s is used and unknown', x.phep_do) AS what
FROM (SELECT DISTINCT d.phep_do FROM core.dem_cong_bo AS d) AS x
WHERE
    NOT EXISTS (
        SELECT FROM core.phep_do AS p
        WHERE p.phep_do = x.phep_do
    )
UNION ALL
SELECT format('file %s of entry %s is not what its hash says', t.duong_dan, t.so_cai) AS what
FROM ops.tep_cong_bo AS t
LEFT JOIN ops.noi_dung_tep AS n ON t.sha256 = n.sha256
WHERE encode(sha256(convert_to(n.noi_dung, 'UTF8')), 'hex') IS DISTINCT FROM t.sha256
UNION ALL
SELECT format('file %s of load %s is not what its hash says', t.duong_dan, x.stt) AS what
FROM ops.lan_nap AS x
CROSS JOIN LATERAL jsonb_each_text(x.tep) AS t (duong_dan, sha256)
LEFT JOIN ops.noi_dung_tep AS n ON t.sha256 = n.sha256
WHERE encode(sha256(convert_to(n.noi_dung, 'UTF8')), 'hex') IS DISTINCT FROM t.sha256
ORDER BY what;
