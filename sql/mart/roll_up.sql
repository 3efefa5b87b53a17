-- One row is one reading of one indicator of one unit, level or the province in one period. Reads only.
-- Body of core.tinh_chi_so and mart.tinh_chi_so; cchc.indicator_sql puts the lists of measures in the places marked
-- with a comment. A row of a fact counts at the unit that answers for it on :ngay (the period's last day when
-- NULL): a unit that has ended is followed to its successor. Half months add up to periods; distinct procedures
-- are counted at every grain, never summed. Published readings, with :ca_cach_doc all of them, with :cho_diem also
-- those of months that points of QĐ 766 are given for.
WITH k AS (
    SELECT
        ky.ky_loai,
        ky.ky,
        row_number() OVER (ORDER BY ky.ky_loai, ky.ky) AS so,
        ky.tu_ngay,
        ky.den_ngay,
        ky.ly_do_na,
        coalesce(CAST(:ngay AS date), ky.den_ngay) AS ngay,
        (
            SELECT max(doan.tu_ngay)
            FROM core.doan
            WHERE doan.tu_ngay BETWEEN ky.tu_ngay AND ky.den_ngay
        ) AS cuoi
    FROM mart.ky
    INNER JOIN unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
        ON ky.ky_loai = chon.ky_loai AND ky.ky = chon.ky
),

tra_loi AS MATERIALIZED (
    SELECT
        ngay.ngay,
        dv.ma_goc,
        dv.ma_don_vi,
        dv.ten_don_vi,
        dv.cap,
        dv.con_hieu_luc AND dv.theo_doi AS con_hieu_luc
    FROM (SELECT DISTINCT k.ngay FROM k) AS ngay
    CROSS JOIN LATERAL core.don_vi_tai_ngay(ngay.ngay) AS dv
),

o AS (
    SELECT
        k.so,
        coalesce(tl.ma_don_vi, t.ma_don_vi) AS ma_don_vi,
        max(t.moi_nhat) AS moi_nhat,
        sum(t.so[1]) AS m1 -- sums
    FROM k
    INNER JOIN core.tong_hop AS t ON t.tu_ngay BETWEEN k.tu_ngay AND k.den_ngay
    LEFT JOIN tra_loi AS tl ON k.ngay = tl.ngay AND t.ma_don_vi = tl.ma_goc
    GROUP BY k.so, coalesce(tl.ma_don_vi, t.ma_don_vi)
),

-- Every active unit, even at zero; and any other unit that still holds something.
u AS MATERIALIZED (
    SELECT
        k.so,
        d.ma_don_vi,
        d.ten_don_vi,
        d.cap,
        o.m1 -- units
    FROM k
    INNER JOIN (
        SELECT DISTINCT
            tl.ngay,
            tl.ma_don_vi,
            tl.ten_don_vi,
            tl.cap,
            tl.con_hieu_luc
        FROM tra_loi AS tl
        WHERE tl.cap <> 'toan_tinh'
    ) AS d ON k.ngay = d.ngay
    LEFT JOIN o ON k.so = o.so AND d.ma_don_vi = o.ma_don_vi
    WHERE d.con_hieu_luc OR o.ma_don_vi IS NOT NULL
),

n AS (
    SELECT
        u.so,
        nhom.ma_don_vi,
        nhom.ten_don_vi,
        nhom.cap,
        sum(u.m1) AS m1 -- totals
    FROM u
    CROSS JOIN
        LATERAL (
            VALUES
            (u.ma_don_vi, u.ten_don_vi, u.cap),
            (
                core.ma_tong(u.cap),
                CASE u.cap
                    WHEN 'so_nganh' THEN 'Các sở, ban, ngành'
                    WHEN 'huyen' THEN 'Các huyện, thị xã, thành phố'
                    WHEN 'xa' THEN 'Các xã, phường, thị trấn'
                END,
                u.cap
            ),
            (core.ma_tong('toan_tinh'), 'Toàn tỉnh', 'toan_tinh')
        ) AS nhom (ma_don_vi, ten_don_vi, cap)
    GROUP BY u.so, nhom.ma_don_vi, nhom.ten_don_vi, nhom.cap
),

-- What each procedure has at one and the same unit, a bit for each side of each indicator; what the catalogue says of a
-- unit that nobody answers for is nobody's, nor the province's, as with sums.
c AS (
    SELECT
        x.so,
        x.ma_don_vi,
        x.cap,
        x.ma_tthc,
        (x.co & 1 = 1)::int::bigint << 0 AS dat -- keys
    FROM (
        SELECT
            k.so,
            tl.ma_don_vi,
            tl.cap,
            t.ma_tthc,
            bit_or(trong_ky.co) AS co
        FROM k
        INNER JOIN core.tong_hop_tthc AS t ON t.tu_ngay BETWEEN k.tu_ngay AND k.den_ngay
        CROSS JOIN
            LATERAL (
                SELECT t.co & 1 AS co -- bits
            ) AS trong_ky
        INNER JOIN tra_loi AS tl ON k.ngay = tl.ngay AND t.ma_don_vi = tl.ma_goc
        WHERE trong_ky.co <> 0
        GROUP BY k.so, tl.ma_don_vi, tl.cap, t.ma_tthc
    ) AS x
),

g AS (
    SELECT
        c.so,
        nhom.ma_don_vi,
        c.ma_tthc,
        bit_or(c.dat) AS dat
    FROM c
    CROSS JOIN
        LATERAL (
            VALUES
            (c.ma_don_vi),
            (core.ma_tong(c.cap)),
            (core.ma_tong('toan_tinh'))
        ) AS nhom (ma_don_vi)
    GROUP BY c.so, nhom.ma_don_vi, c.ma_tthc
),

p AS (
    SELECT
        g.so,
        g.ma_don_vi,
        count(*) FILTER (WHERE g.dat & 1 <> 0) AS t0 -- distinct
    FROM g
    GROUP BY g.so, g.ma_don_vi
),

moi_nhat AS (
    SELECT
        k.so,
        coalesce(max(o.moi_nhat), k.den_ngay) AT TIME ZONE 'Asia/Ho_Chi_Minh' AS luc
    FROM k
    LEFT JOIN o ON k.so = o.so
    GROUP BY k.so, k.den_ngay
)

SELECT
    k.ky_loai,
    k.ky,
    k.tu_ngay,
    k.den_ngay,
    v.ma_chi_so,
    v.phien_ban,
    n.ma_don_vi,
    n.ten_don_vi,
    n.cap,
    CASE WHEN k.ly_do_na IS NULL THEN v.tu_so END AS tu_so,
    CASE WHEN k.ly_do_na IS NULL THEN v.mau_so END AS mau_so,
    gt.gia_tri,
    CASE WHEN gt.gia_tri IS NULL THEN coalesce(dn.khong_tinh_duoc, k.ly_do_na, dn.ly_do_na) END AS ly_do_na,
    mt.muc_tieu,
    CASE dn.chieu
        WHEN 'tang' THEN gt.gia_tri >= mt.muc_tieu
        WHEN 'giam' THEN gt.gia_tri <= mt.muc_tieu
    END AS dat,
    'tam_tinh' AS trang_thai,
    0 AS revision,
    moi_nhat.luc AS as_of
FROM k
INNER JOIN n ON k.so = n.so
INNER JOIN moi_nhat ON k.so = moi_nhat.so
LEFT JOIN p ON n.so = p.so AND n.ma_don_vi = p.ma_don_vi
CROSS JOIN
    LATERAL (
        VALUES
        ('', 0, TRUE, FALSE, TRUE, n.m1, n.m1) -- values
    ) AS v (ma_chi_so, phien_ban, cong_bo, cho_diem, du_nguon, tu_so, mau_so)
INNER JOIN mart.dinh_nghia AS dn
    ON v.ma_chi_so = dn.ma_chi_so AND v.phien_ban = dn.phien_ban
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN k.ly_do_na IS NOT NULL OR NOT v.du_nguon THEN NULL
                WHEN dn.loai = 'dem' THEN v.tu_so
                ELSE round(100.0 * v.tu_so / nullif(v.mau_so, 0), 2)
            END AS gia_tri
    ) AS gt
LEFT JOIN mart.muc_tieu AS mt
    ON
        v.ma_chi_so = mt.ma_chi_so
        AND n.cap = mt.cap
        AND k.den_ngay BETWEEN mt.hieu_luc_tu AND mt.hieu_luc_den
WHERE v.cong_bo OR :ca_cach_doc OR (:cho_diem AND v.cho_diem AND k.ky_loai = 'thang')
