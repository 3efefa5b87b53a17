-- Splits what changes between the last published revision of the periods :kinds, :names and the figures as they are
-- counted now: to TEMP TABLE phan, one row is one cause's part of one figure. Reads only, but for temporary tables.
DROP TABLE IF EXISTS
ban, thuat_ngu, doi_nghia, phep_doi_nghia, tra_loi, doi_nguon, thang, hang, doan_hang, hang_tthc, dong_tthc, co_tthc,
phan_dong, phan;

CREATE TEMP TABLE ban ON COMMIT DROP AS
SELECT
    ky.ky_loai,
    ky.ky,
    ky.tu_ngay,
    ky.den_ngay,
    (
        SELECT max(doan.tu_ngay)
        FROM core.doan
        WHERE doan.tu_ngay BETWEEN ky.tu_ngay AND ky.den_ngay
    ) AS cuoi,
    cu.so_cai
FROM mart.ky
INNER JOIN unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS chon (ky_loai, ky)
    ON ky.ky_loai = chon.ky_loai AND ky.ky = chon.ky
INNER JOIN (
    SELECT
        c.ky_loai,
        c.ky,
        max(c.so_cai) AS so_cai
    FROM mart.con_so_cong_bo AS c
    WHERE c.trang_thai = 'da_chot'
    GROUP BY c.ky_loai, c.ky
) AS cu
    ON ky.ky_loai = cu.ky_loai AND ky.ky = cu.ky
WHERE ky.ly_do_na IS NULL;

-- The terms of both sides, as published (cu) and as they are now (moi).
CREATE TEMP TABLE thuat_ngu ON COMMIT DROP AS
SELECT
    'cu' AS lan,
    n.so_cai,
    n.ma_chi_so,
    n.khoa,
    n.it_nhat,
    n.ben,
    n.dau,
    n.phep_do
FROM core.thuat_ngu_cong_bo AS n
WHERE n.so_cai IN (SELECT ban.so_cai FROM ban) AND n.bien_the_cua IS NULL
UNION ALL
SELECT
    'moi' AS lan,
    b.so_cai,
    n.ma_chi_so,
    n.khoa,
    n.it_nhat,
    n.ben,
    n.dau,
    n.phep_do
FROM core.thuat_ngu AS n
CROSS JOIN (SELECT DISTINCT ban.so_cai FROM ban) AS b;

CREATE TEMP TABLE doi_nghia ON COMMIT DROP AS
SELECT DISTINCT
    x.so_cai,
    x.ma_chi_so
FROM (
    SELECT
        t.so_cai,
        t.ma_chi_so
    FROM thuat_ngu AS t
    GROUP BY t.so_cai, t.ma_chi_so, t.khoa, t.it_nhat, t.ben, t.dau, t.phep_do
    HAVING count(*) = 1
) AS x;

-- Who answers for a unit's rows on the last day, then and now.
CREATE TEMP TABLE tra_loi ON COMMIT DROP AS
SELECT
    'cu' AS lan,
    ban.ky_loai,
    ban.ky,
    dv.ma_goc,
    dv.ma_don_vi,
    dv.cap,
    dv.con_hieu_luc
FROM ban
INNER JOIN core.don_vi_cong_bo AS dv ON ban.so_cai = dv.so_cai AND ban.den_ngay = dv.ngay
UNION ALL
SELECT
    'moi' AS lan,
    ban.ky_loai,
    ban.ky,
    dv.ma_goc,
    dv.ma_don_vi,
    dv.cap,
    dv.con_hieu_luc AND dv.theo_doi AS con_hieu_luc
FROM ban
CROSS JOIN LATERAL core.don_vi_tai_ngay(ban.den_ngay) AS dv;

CREATE INDEX ON tra_loi (ma_goc, ky_loai, ky, lan);

CREATE TEMP TABLE doi_nguon ON COMMIT DROP AS
SELECT DISTINCT
    ban.so_cai,
    x.ma_goc
FROM (
    SELECT
        t.ky_loai,
        t.ky,
        t.ma_goc
    FROM tra_loi AS t
    GROUP BY t.ky_loai, t.ky, t.ma_goc, t.ma_don_vi, t.cap, t.con_hieu_luc
    HAVING count(*) = 1
) AS x
INNER JOIN ban ON x.ky_loai = ban.ky_loai AND x.ky = ban.ky;

-- The months of each revision.
CREATE TEMP TABLE thang ON COMMIT DROP AS
SELECT DISTINCT
    ban.so_cai,
    to_char(t.ngay, 'YYYY-MM') AS ky
FROM ban
CROSS JOIN LATERAL generate_series(date_trunc('month', ban.tu_ngay), ban.den_ngay, '1 month') AS t (ngay);

-- Without, the planner joins these first, each with each.
ANALYZE ban, thuat_ngu, tra_loi;

-- Rows that may differ from a revision, as it published them (cu) and as they are now (moi).
CREATE TEMP TABLE hang ON COMMIT DROP AS
WITH khoa AS (
    SELECT
        thang.so_cai,
        c.ky,
        c.fact,
        c.dong
    FROM core.dong_cho AS c
    INNER JOIN thang ON c.ky = thang.ky
    UNION
    SELECT
        thang.so_cai,
        d.ky,
        d.fact,
        d.dong
    FROM core.dong_cong_bo AS d
    INNER JOIN thang ON d.ky = thang.ky AND d.so_cai > thang.so_cai
    UNION
    SELECT
        thang.so_cai,
        d.ky,
        d.fact,
        d.dong
    FROM core.dong_cong_bo AS d
    INNER JOIN thang ON d.ky = thang.ky
    INNER JOIN doi_nguon AS n ON thang.so_cai = n.so_cai AND d.ma_don_vi = n.ma_goc
    UNION
    SELECT
        thang.so_cai,
        d.ky,
        d.fact,
        d.dong
    FROM core.dong_cong_bo AS d
    INNER JOIN thang ON d.ky = thang.ky AND thang.so_cai IN (SELECT n.so_cai FROM doi_nghia AS n)
)

SELECT
    k.so_cai,
    k.ky,
    k.fact,
    k.dong,
    coalesce(cho.nguyen_nhan, CASE WHEN sau.so_cai > k.so_cai THEN sau.nguyen_nhan END) AS nguyen_nhan,
    ben.lan,
    ben.ma_don_vi,
    ben.ma_tthc,
    ben.nua_1,
    ben.nua_2,
    ben.so_1,
    ben.so_2
FROM khoa AS k
LEFT JOIN core.dong_cho AS cho ON k.ky = cho.ky AND k.fact = cho.fact AND k.dong = cho.dong
-- Not by core.dong_den: looked up by key row by row, the newest is the first of the index.
LEFT JOIN
    LATERAL (
        SELECT d.*
        FROM core.dong_cong_bo AS d
        WHERE d.ky = k.ky AND d.fact = k.fact AND d.dong = k.dong AND d.so_cai <= k.so_cai
        ORDER BY d.so_cai DESC
        LIMIT 1
    ) AS cu
    ON TRUE
LEFT JOIN
    LATERAL (
        SELECT d.*
        FROM core.dong_cong_bo AS d
        WHERE d.ky = k.ky AND d.fact = k.fact AND d.dong = k.dong
        ORDER BY d.so_cai DESC
        LIMIT 1
    ) AS sau
    ON TRUE
CROSS JOIN
    LATERAL (
        SELECT
            'cu' AS lan,
            cu.ma_don_vi,
            cu.ma_tthc,
            cu.nua_1,
            cu.nua_2,
            cu.so_1,
            cu.so_2
        WHERE cu.con
        UNION ALL
        SELECT
            'moi' AS lan,
            sau.ma_don_vi,
            sau.ma_tthc,
            sau.nua_1,
            sau.nua_2,
            sau.so_1,
            sau.so_2
        WHERE sau.con AND cho.dong IS NULL
        UNION ALL
        SELECT
            'moi' AS lan,
            cho.ma_don_vi,
            cho.ma_tthc,
            cho.nua_1,
            cho.nua_2,
            cho.so_1,
            cho.so_2
        WHERE cho.con
    ) AS ben;

-- Their measures, one a row.
CREATE TEMP TABLE doan_hang ON COMMIT DROP AS
SELECT
    h.so_cai,
    h.lan,
    h.ky,
    h.fact,
    h.dong,
    h.nguyen_nhan,
    h.ma_don_vi,
    h.ma_tthc,
    core.dau_nua_thang(h.ky, p.nua) AS tu_ngay,
    p.phep_do,
    p.so
FROM hang AS h
CROSS JOIN LATERAL core.phep_do_cua_dong(h.nua_1, h.nua_2, h.so_1, h.so_2) AS p;

-- Measures of figures that are defined otherwise now.
CREATE TEMP TABLE phep_doi_nghia ON COMMIT DROP AS
SELECT DISTINCT
    t.so_cai,
    t.phep_do
FROM thuat_ngu AS t
INNER JOIN doi_nghia AS n ON t.so_cai = n.so_cai AND t.ma_chi_so = n.ma_chi_so;

-- What each row adds to a side of a figure, at the unit that answers for it; then at its level and the province.
CREATE TEMP TABLE phan_dong ON COMMIT DROP AS
-- A row differs in few of its measures: the others would be added and taken away again for each figure and period.
WITH khac AS (
    SELECT
        d.so_cai,
        array_agg(d.lan) AS cac_lan,
        count(*) = 2 AND NOT bool_or(v.so_cai IS NOT NULL) AS nhu_nhau,
        d.ky,
        d.fact,
        d.dong,
        d.nguyen_nhan,
        d.ma_don_vi,
        d.tu_ngay,
        d.phep_do,
        d.so
    FROM doan_hang AS d
    LEFT JOIN phep_doi_nghia AS n ON d.so_cai = n.so_cai AND d.phep_do = n.phep_do
    LEFT JOIN doi_nguon AS v ON d.so_cai = v.so_cai AND d.ma_don_vi = v.ma_goc
    GROUP BY d.so_cai, d.ky, d.fact, d.dong, d.nguyen_nhan, d.ma_don_vi, d.tu_ngay, d.phep_do, d.so
    -- Both stay where the same measure counts otherwise, or elsewhere.
    HAVING count(*) = 1 OR bool_or(n.so_cai IS NOT NULL OR v.so_cai IS NOT NULL)
)

SELECT
    b.ky_loai,
    b.ky,
    t.ma_chi_so,
    nhom.ma_don_vi,
    d.fact,
    d.dong,
    d.ky AS ky_dong,
    CASE
        WHEN max(d.nguyen_nhan) IS NOT NULL THEN max(d.nguyen_nhan)
        WHEN bool_or(doi.ma_chi_so IS NOT NULL) AND count(DISTINCT dv.ma_don_vi) = 1 THEN 'dinh_nghia'
        ELSE 'doi_don_vi'
    END AS nguyen_nhan,
    coalesce(sum(CASE phia.lan WHEN 'moi' THEN 1 ELSE -1 END * t.dau * d.so) FILTER (WHERE t.ben = 'tu'), 0) AS tu_so,
    coalesce(sum(CASE phia.lan WHEN 'moi' THEN 1 ELSE -1 END * t.dau * d.so) FILTER (WHERE t.ben = 'mau'), 0) AS mau_so
FROM khac AS d
CROSS JOIN LATERAL unnest(d.cac_lan) AS phia (lan)
INNER JOIN core.phep_do AS p ON d.phep_do = p.phep_do
INNER JOIN ban AS b
    ON
        d.so_cai = b.so_cai AND core.tinh_vao_ky(p.cong_don, d.tu_ngay, b.tu_ngay, b.cuoi)
INNER JOIN thuat_ngu AS t
    ON phia.lan = t.lan AND b.so_cai = t.so_cai AND d.phep_do = t.phep_do AND t.khoa IS NULL AND t.it_nhat IS NULL
INNER JOIN tra_loi AS dv ON phia.lan = dv.lan AND b.ky_loai = dv.ky_loai AND b.ky = dv.ky AND d.ma_don_vi = dv.ma_goc
LEFT JOIN doi_nghia AS doi ON b.so_cai = doi.so_cai AND t.ma_chi_so = doi.ma_chi_so
CROSS JOIN
    LATERAL (
        VALUES
        (dv.ma_don_vi), (core.ma_tong(dv.cap)), (core.ma_tong('toan_tinh'))
    ) AS nhom (ma_don_vi)
WHERE doi.ma_chi_so IS NOT NULL OR NOT d.nhu_nhau
GROUP BY b.ky_loai, b.ky, t.ma_chi_so, nhom.ma_don_vi, d.fact, d.dong, d.ky;

DELETE FROM phan_dong
WHERE tu_so = 0 AND mau_so = 0;

-- Figures that count distinct procedures: those that differ by a procedure of a row above, with all of its rows.
CREATE TEMP TABLE hang_tthc ON COMMIT DROP AS
-- Of all measures of a row only those few: to unfold the others would take most of the time.
WITH phep AS (
    SELECT DISTINCT
        t.so_cai,
        t.phep_do
    FROM thuat_ngu AS t
    WHERE t.khoa IS NOT NULL
),

doan_tthc AS MATERIALIZED (
    SELECT
        h.so_cai,
        h.lan,
        h.ky,
        h.fact,
        h.dong,
        h.nguyen_nhan,
        h.ma_tthc,
        h.ma_don_vi,
        n.nua,
        phep.phep_do
    FROM hang AS h
    INNER JOIN phep ON h.so_cai = phep.so_cai
    CROSS JOIN LATERAL (VALUES (1::smallint, h.nua_1), (2::smallint, h.nua_2)) AS n (nua, cac_phep)
    WHERE h.ma_tthc <> '' AND phep.phep_do = ANY(n.cac_phep)
),

-- Procedures of which a row says something else than before, or the same where it counts otherwise.
cham AS (
    SELECT DISTINCT
        x.so_cai,
        x.ma_tthc
    FROM (
        SELECT
            d.so_cai,
            d.ma_tthc
        FROM doan_tthc AS d
        LEFT JOIN phep_doi_nghia AS n ON d.so_cai = n.so_cai AND d.phep_do = n.phep_do
        LEFT JOIN doi_nguon AS v ON d.so_cai = v.so_cai AND d.ma_don_vi = v.ma_goc
        GROUP BY d.so_cai, d.ma_tthc, d.ma_don_vi, d.ky, d.fact, d.dong, d.nua, d.phep_do
        HAVING count(*) = 1 OR bool_or(n.so_cai IS NOT NULL OR v.so_cai IS NOT NULL)
    ) AS x
),

-- Rows of these procedures that are the same in both: of those that say the same of a procedure at a unit, one. As
-- core.dong_den, which would go through all rows for each month of each period.
yen AS (
    SELECT DISTINCT
        thang.so_cai AS ban,
        x.ky,
        n.nua,
        phep.phep_do,
        x.ma_tthc,
        x.ma_don_vi
    FROM thang
    INNER JOIN cham ON thang.so_cai = cham.so_cai
    INNER JOIN core.dong_cong_bo AS x
        ON thang.ky = x.ky AND cham.ma_tthc = x.ma_tthc AND thang.so_cai >= x.so_cai
    INNER JOIN phep ON thang.so_cai = phep.so_cai
    CROSS JOIN LATERAL (VALUES (1::smallint, x.nua_1), (2::smallint, x.nua_2)) AS n (nua, cac_phep)
    WHERE
        x.con
        AND phep.phep_do = ANY(n.cac_phep)
        AND NOT EXISTS (
            SELECT FROM core.dong_cong_bo AS sau
            WHERE
                sau.ky = x.ky
                AND sau.fact = x.fact
                AND sau.dong = x.dong
                AND sau.so_cai > x.so_cai
                AND sau.so_cai <= thang.so_cai
        )
        AND NOT EXISTS (
            SELECT FROM hang AS h
            WHERE h.so_cai = thang.so_cai AND h.ky = x.ky AND h.fact = x.fact AND h.dong = x.dong
        )
)

SELECT
    yen.ban AS so_cai,
    lan.lan,
    yen.ky,
    CAST(NULL AS text) AS fact,
    CAST(NULL AS text) AS dong,
    CAST(NULL AS text) AS nguyen_nhan,
    yen.ma_tthc,
    yen.ma_don_vi,
    yen.nua,
    yen.phep_do
FROM yen
CROSS JOIN (VALUES ('cu'), ('moi')) AS lan (lan)
UNION ALL
SELECT
    d.so_cai,
    d.lan,
    d.ky,
    d.fact,
    d.dong,
    d.nguyen_nhan,
    d.ma_tthc,
    d.ma_don_vi,
    d.nua,
    d.phep_do
FROM doan_tthc AS d
INNER JOIN cham ON d.so_cai = cham.so_cai AND d.ma_tthc = cham.ma_tthc;

ANALYZE hang_tthc (so_cai, lan, phep_do, ma_don_vi);

-- Their measures that such a figure is made of, at the unit that answers for the row, at its level and the province.
CREATE TEMP TABLE dong_tthc ON COMMIT DROP AS
SELECT
    h.lan,
    b.ky_loai,
    b.ky,
    b.so_cai,
    t.ma_chi_so,
    t.ben,
    dv.ma_don_vi,
    dv.cap,
    h.ma_tthc,
    h.phep_do,
    h.nguyen_nhan,
    concat_ws(chr(31), h.ky, h.fact, h.dong) AS dong
FROM hang_tthc AS h
INNER JOIN core.phep_do AS p ON h.phep_do = p.phep_do
INNER JOIN ban AS b
    ON h.so_cai = b.so_cai AND core.tinh_vao_ky(p.cong_don, core.dau_nua_thang(h.ky, h.nua), b.tu_ngay, b.cuoi)
INNER JOIN thuat_ngu AS t
    ON h.lan = t.lan AND b.so_cai = t.so_cai AND h.phep_do = t.phep_do AND t.khoa IS NOT NULL
INNER JOIN tra_loi AS dv
    ON h.lan = dv.lan AND b.ky_loai = dv.ky_loai AND b.ky = dv.ky AND h.ma_don_vi = dv.ma_goc;

CREATE TEMP TABLE co_tthc ON COMMIT DROP AS
SELECT DISTINCT
    n.lan,
    n.ky_loai,
    n.ky,
    n.ma_chi_so,
    n.ben,
    nhom.ma_don_vi,
    n.ma_tthc
FROM (
    SELECT
        d.lan,
        d.ky_loai,
        d.ky,
        d.ma_chi_so,
        d.ben,
        d.ma_don_vi,
        d.cap,
        d.ma_tthc
    FROM dong_tthc AS d
    INNER JOIN (
        SELECT
            c.lan,
            c.so_cai,
            c.ma_chi_so,
            c.ben,
            count(*) AS so_phep
        FROM thuat_ngu AS c
        GROUP BY c.lan, c.so_cai, c.ma_chi_so, c.ben
    ) AS can
        ON d.lan = can.lan AND d.so_cai = can.so_cai AND d.ma_chi_so = can.ma_chi_so AND d.ben = can.ben
    GROUP BY d.lan, d.ky_loai, d.ky, d.so_cai, d.ma_chi_so, d.ben, d.ma_don_vi, d.cap, d.ma_tthc, can.so_phep
    -- Every term has a row, at one and the same unit.
    HAVING count(DISTINCT d.phep_do) = can.so_phep
) AS n
CROSS JOIN
    LATERAL (
        VALUES
        (n.ma_don_vi), (core.ma_tong(n.cap)), (core.ma_tong('toan_tinh'))
    ) AS nhom (ma_don_vi);

CREATE TEMP TABLE phan ON COMMIT DROP AS
SELECT
    x.ky_loai,
    x.ky,
    x.ma_chi_so,
    x.ma_don_vi,
    x.nguyen_nhan,
    sum(x.tu_so)::bigint AS tu_so,
    sum(x.mau_so)::bigint AS mau_so,
    sum(x.so_dong)::bigint AS so_dong
FROM (
    SELECT
        p.ky_loai,
        p.ky,
        p.ma_chi_so,
        p.ma_don_vi,
        p.nguyen_nhan,
        sum(p.tu_so) AS tu_so,
        sum(p.mau_so) AS mau_so,
        count(DISTINCT concat_ws(chr(31), p.fact, p.dong)) AS so_dong
    FROM phan_dong AS p
    GROUP BY p.ky_loai, p.ky, p.ma_chi_so, p.ma_don_vi, p.nguyen_nhan
    UNION ALL
    SELECT
        g.ky_loai,
        g.ky,
        g.ma_chi_so,
        g.ma_don_vi,
        coalesce(
            vi.nguyen_nhan, CASE WHEN doi.ma_chi_so IS NULL THEN 'doi_don_vi' ELSE 'dinh_nghia' END
        ) AS nguyen_nhan,
        sum(g.tu_so) AS tu_so,
        sum(g.mau_so) AS mau_so,
        sum(coalesce(vi.so_dong, 0)) AS so_dong
    FROM (
        SELECT
            c.ky_loai,
            c.ky,
            c.ma_chi_so,
            c.ma_don_vi,
            c.ma_tthc,
            coalesce(sum(CASE c.lan WHEN 'moi' THEN 1 ELSE -1 END) FILTER (WHERE c.ben = 'tu'), 0) AS tu_so,
            coalesce(sum(CASE c.lan WHEN 'moi' THEN 1 ELSE -1 END) FILTER (WHERE c.ben = 'mau'), 0) AS mau_so
        FROM co_tthc AS c
        GROUP BY c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi, c.ma_tthc
    ) AS g
    INNER JOIN ban AS b ON g.ky_loai = b.ky_loai AND g.ky = b.ky
    LEFT JOIN doi_nghia AS doi ON b.so_cai = doi.so_cai AND g.ma_chi_so = doi.ma_chi_so
    LEFT JOIN (
        SELECT
            d.ky_loai,
            d.ky,
            d.ma_chi_so,
            nhom.ma_don_vi,
            d.ma_tthc,
            min(d.nguyen_nhan) AS nguyen_nhan,
            count(DISTINCT d.dong) AS so_dong
        FROM dong_tthc AS d
        CROSS JOIN
            LATERAL (
                VALUES
                (d.ma_don_vi), (core.ma_tong(d.cap)), (core.ma_tong('toan_tinh'))
            ) AS nhom (ma_don_vi)
        WHERE d.nguyen_nhan IS NOT NULL
        GROUP BY d.ky_loai, d.ky, d.ma_chi_so, nhom.ma_don_vi, d.ma_tthc
    ) AS vi
        ON
            g.ky_loai = vi.ky_loai
            AND g.ky = vi.ky
            AND g.ma_chi_so = vi.ma_chi_so
            AND g.ma_don_vi = vi.ma_don_vi
            AND g.ma_tthc = vi.ma_tthc
    WHERE g.tu_so <> 0 OR g.mau_so <> 0
    GROUP BY g.ky_loai, g.ky, g.ma_chi_so, g.ma_don_vi, vi.nguyen_nhan, doi.ma_chi_so
) AS x
GROUP BY x.ky_loai, x.ky, x.ma_chi_so, x.ma_don_vi, x.nguyen_nhan;
