-- One row is a row of a fact by which a figure of :don_vi differs for one cause: between the revisions :tu and :den,
-- or, where :den is NULL, between the published one and what waits; as it was and as it is, with what it adds to
-- either side. A figure that counts procedures or units is no sum of rows: its rows add NULL. Reads only.
WITH ban AS (
    SELECT
        k.ky_loai,
        k.ky,
        k.tu_ngay,
        k.den_ngay,
        (
            SELECT max(doan.tu_ngay) FROM core.doan
            WHERE doan.tu_ngay BETWEEN k.tu_ngay AND k.den_ngay
        ) AS cuoi,
        cu.so_cai AS cu,
        sau.so_cai AS sau
    FROM mart.ky AS k
    INNER JOIN (
        SELECT max(c.so_cai) AS so_cai FROM mart.con_so_cong_bo AS c
        WHERE
            c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_don_vi = 'TONG:toan_tinh' AND c.ma_chi_so = :ma
            AND c.trang_thai = 'da_chot' AND c.revision = :tu
    ) AS cu ON cu.so_cai IS NOT NULL
    CROSS JOIN (
        SELECT max(c.so_cai) AS so_cai FROM mart.con_so_cong_bo AS c
        WHERE
            c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_don_vi = 'TONG:toan_tinh' AND c.ma_chi_so = :ma
            AND c.trang_thai = 'da_chot' AND c.revision = :den
    ) AS sau
    WHERE k.ky_loai = :ky_loai AND k.ky = :ky AND (CAST(:den AS integer) IS NULL OR sau.so_cai IS NOT NULL)
),

-- The measures of both sides of the figure, as published then and as they are on the other side.
thuat_ngu AS MATERIALIZED (
    SELECT
        CASE n.so_cai WHEN ban.cu THEN 'cu' ELSE 'moi' END AS lan,
        split_part(ben.ten, '_so', 1) AS ben,
        CASE WHEN ben.ten LIKE '%\_tru' THEN -1 ELSE 1 END AS dau,
        x.phep_do::smallint AS phep_do,
        n.noi_dung ->> 'khoa' IS NOT NULL OR n.noi_dung ->> 'don_vi_it_nhat' IS NOT NULL AS dem_khac
    FROM ban
    INNER JOIN ops.dinh_nghia_cong_bo AS n ON n.so_cai IN (ban.cu, ban.sau) AND n.ma_chi_so = :ma
    CROSS JOIN LATERAL jsonb_each(n.noi_dung -> 'phep_do') AS ben (ten, cac_phep_do)
    CROSS JOIN LATERAL jsonb_array_elements_text(ben.cac_phep_do) AS x (phep_do)
    UNION ALL
    SELECT
        'moi' AS lan,
        n.ben,
        n.dau,
        n.phep_do,
        n.khoa IS NOT NULL OR n.it_nhat IS NOT NULL AS dem_khac
    FROM ban
    INNER JOIN core.thuat_ngu AS n ON n.ma_chi_so = :ma
    WHERE ban.sau IS NULL
),

doi_nghia AS MATERIALIZED (
    SELECT EXISTS (
        SELECT
            t.ben,
            t.dau,
            t.phep_do
        FROM thuat_ngu AS t
        GROUP BY t.ben, t.dau, t.phep_do
        HAVING count(DISTINCT t.lan) = 1
    ) AS co
),

-- Who answers for a code, then and on the other side.
tra_loi AS MATERIALIZED (
    SELECT
        CASE dv.so_cai WHEN ban.cu THEN 'cu' ELSE 'moi' END AS lan,
        dv.ma_goc,
        dv.ma_don_vi,
        dv.ten_don_vi,
        dv.cap
    FROM ban
    INNER JOIN core.don_vi_cong_bo AS dv ON dv.so_cai IN (ban.cu, ban.sau) AND ban.den_ngay = dv.ngay
    UNION ALL
    SELECT
        'moi' AS lan,
        dv.ma_goc,
        dv.ma_don_vi,
        dv.ten_don_vi,
        dv.cap
    FROM ban
    CROSS JOIN LATERAL core.don_vi_tai_ngay(ban.den_ngay) AS dv
    WHERE ban.sau IS NULL
),

thang AS MATERIALIZED (
    SELECT to_char(t.ngay, 'YYYY-MM') AS ky
    FROM ban
    CROSS JOIN LATERAL generate_series(date_trunc('month', ban.tu_ngay), ban.den_ngay, '1 month') AS t (ngay)
),

-- Which rows may differ.
khoa AS (
    SELECT
        c.ky,
        c.fact,
        c.dong
    FROM ban
    CROSS JOIN thang
    INNER JOIN core.dong_cho AS c ON thang.ky = c.ky
    WHERE ban.sau IS NULL
    UNION
    SELECT
        d.ky,
        d.fact,
        d.dong
    FROM ban
    CROSS JOIN thang
    INNER JOIN core.dong_cong_bo AS d
        ON thang.ky = d.ky AND ban.cu < d.so_cai AND d.so_cai <= coalesce(ban.sau, d.so_cai)
    UNION
    SELECT
        d.ky,
        d.fact,
        d.dong
    FROM thang
    INNER JOIN core.dong_cong_bo AS d ON thang.ky = d.ky
    WHERE
        (SELECT doi_nghia.co FROM doi_nghia)
        OR d.ma_don_vi IN (
            SELECT t.ma_goc FROM tra_loi AS t
            GROUP BY t.ma_goc
            HAVING count(*) = 1 OR count(DISTINCT t.ma_don_vi) > 1 OR count(DISTINCT t.cap) > 1
        )
),

-- Each of them in both states.
hang AS MATERIALIZED (
    SELECT
        k.ky,
        k.fact,
        k.dong,
        CASE
            WHEN cho.dong IS NOT NULL THEN cho.nguyen_nhan
            WHEN sau.so_cai > ban.cu THEN sau.nguyen_nhan
        END AS nguyen_nhan,
        ben.*
    FROM khoa AS k
    CROSS JOIN ban
    LEFT JOIN core.dong_cho AS cho
        ON ban.sau IS NULL AND k.ky = cho.ky AND k.fact = cho.fact AND k.dong = cho.dong
    LEFT JOIN
        LATERAL (
            SELECT d.* FROM core.dong_cong_bo AS d
            WHERE d.ky = k.ky AND d.fact = k.fact AND d.dong = k.dong AND d.so_cai <= ban.cu
            ORDER BY d.so_cai DESC
            LIMIT 1
        ) AS cu
        ON TRUE
    LEFT JOIN
        LATERAL (
            SELECT d.* FROM core.dong_cong_bo AS d
            WHERE
                d.ky = k.ky AND d.fact = k.fact AND d.dong = k.dong
                AND (ban.sau IS NULL OR d.so_cai <= ban.sau)
            ORDER BY d.so_cai DESC
            LIMIT 1
        ) AS sau
        ON TRUE
    CROSS JOIN
        LATERAL (
            SELECT
                'cu' AS lan,
                cu.ma_don_vi,
                cu.nua_1,
                cu.nua_2,
                cu.so_1,
                cu.so_2,
                cu.noi_dung || cu.danh_muc AS noi_dung,
                cu.batch_id,
                cu.line_no
            WHERE cu.con
            UNION ALL
            SELECT
                'moi' AS lan,
                sau.ma_don_vi,
                sau.nua_1,
                sau.nua_2,
                sau.so_1,
                sau.so_2,
                sau.noi_dung || sau.danh_muc AS noi_dung,
                sau.batch_id,
                sau.line_no
            WHERE sau.con AND cho.dong IS NULL
            UNION ALL
            SELECT
                'moi' AS lan,
                cho.ma_don_vi,
                cho.nua_1,
                cho.nua_2,
                cho.so_1,
                cho.so_2,
                cho.noi_dung || cho.danh_muc AS noi_dung,
                cho.batch_id,
                cho.line_no
            WHERE cho.con
        ) AS ben
),

-- What each state adds at the unit that is asked for.
cong AS (
    SELECT
        h.lan,
        h.ky,
        h.fact,
        h.dong,
        bool_or(t.dem_khac) AS dem_khac,
        coalesce(sum(t.dau * n.so) FILTER (WHERE t.ben = 'tu'), 0) AS tu_so,
        coalesce(sum(t.dau * n.so) FILTER (WHERE t.ben = 'mau'), 0) AS mau_so
    FROM hang AS h
    CROSS JOIN ban
    INNER JOIN tra_loi AS dv
        ON
            h.lan = dv.lan AND h.ma_don_vi = dv.ma_goc
            AND :don_vi IN (dv.ma_don_vi, core.ma_tong(dv.cap), core.ma_tong('toan_tinh'))
    CROSS JOIN
        LATERAL (
            SELECT
                (h.ky || '-01')::date AS tu_ngay,
                p.phep_do,
                coalesce(h.so_1[p.thu_tu], 1) AS so
            FROM unnest(h.nua_1) WITH ORDINALITY AS p (phep_do, thu_tu)
            UNION ALL
            SELECT
                (h.ky || '-15')::date AS tu_ngay,
                p.phep_do,
                coalesce(h.so_2[p.thu_tu], 1) AS so
            FROM unnest(h.nua_2) WITH ORDINALITY AS p (phep_do, thu_tu)
        ) AS n
    INNER JOIN core.phep_do AS p ON n.phep_do = p.phep_do
    INNER JOIN thuat_ngu AS t ON h.lan = t.lan AND n.phep_do = t.phep_do
    WHERE
        n.tu_ngay BETWEEN ban.tu_ngay AND ban.den_ngay
        AND (
            p.cong_don = 'dong'
            OR (p.cong_don = 'dau_ky' AND n.tu_ngay = ban.tu_ngay)
            OR (p.cong_don = 'cuoi_ky' AND n.tu_ngay = ban.cuoi)
        )
    GROUP BY h.lan, h.ky, h.fact, h.dong
)

SELECT
    x.fact,
    x.dong,
    x.thang,
    x.don_vi_cu,
    x.don_vi_moi,
    x.noi_dung_cu,
    x.noi_dung_moi,
    CASE WHEN NOT x.dem_khac THEN x.tu_so END AS tu_so,
    CASE WHEN NOT x.dem_khac THEN x.mau_so END AS mau_so,
    x.batch_id,
    tep.ten_tep,
    x.line_no,
    count(*) OVER () AS tat_ca
FROM (
    SELECT
        h.fact,
        h.dong,
        h.ky AS thang,
        coalesce(
            max(h.nguyen_nhan),
            CASE
                WHEN
                    (SELECT doi_nghia.co FROM doi_nghia)
                    AND count(DISTINCT dv.ma_don_vi) = 1
                    THEN 'dinh_nghia'
                ELSE 'doi_don_vi'
            END
        ) AS nguyen_nhan,
        max(dv.ten_don_vi) FILTER (WHERE h.lan = 'cu') AS don_vi_cu,
        max(dv.ten_don_vi) FILTER (WHERE h.lan = 'moi') AS don_vi_moi,
        jsonb_agg(h.noi_dung) FILTER (WHERE h.lan = 'cu') -> 0 AS noi_dung_cu,
        jsonb_agg(h.noi_dung) FILTER (WHERE h.lan = 'moi') -> 0 AS noi_dung_moi,
        bool_or(c.dem_khac) AS dem_khac,
        coalesce(sum(CASE h.lan WHEN 'moi' THEN c.tu_so ELSE -c.tu_so END), 0) AS tu_so,
        coalesce(sum(CASE h.lan WHEN 'moi' THEN c.mau_so ELSE -c.mau_so END), 0) AS mau_so,
        coalesce(max(h.batch_id) FILTER (WHERE h.lan = 'moi'), max(h.batch_id)) AS batch_id,
        coalesce(max(h.line_no) FILTER (WHERE h.lan = 'moi'), max(h.line_no)) AS line_no
    FROM hang AS h
    LEFT JOIN tra_loi AS dv ON h.lan = dv.lan AND h.ma_don_vi = dv.ma_goc
    LEFT JOIN cong AS c ON h.lan = c.lan AND h.ky = c.ky AND h.fact = c.fact AND h.dong = c.dong
    GROUP BY h.fact, h.dong, h.ky
    HAVING bool_or(c.dong IS NOT NULL)
) AS x
LEFT JOIN core.ten_tep AS tep ON x.batch_id = tep.batch_id
WHERE
    x.nguyen_nhan = :nguyen_nhan
    AND (x.dem_khac OR x.tu_so <> 0 OR x.mau_so <> 0)
ORDER BY x.thang, x.fact, x.dong
LIMIT CAST(:so_dong AS bigint);
