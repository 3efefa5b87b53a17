-- One row is one indicator of one unit, level or the province in one period, as mart.chi_so has it.
-- Reads only. cchc.indicators puts the measures of sql/indicators in the places marked with a comment.
-- A dossier counts at the unit that is valid on the last day of the period: a unit that has ended is
-- followed to its successor. Distinct procedures are counted at every grain, never summed.
WITH o AS (
    SELECT
        coalesce(k.ma_don_vi, t.ma_don_vi) AS ma_don_vi,
        t.ma_tthc,
        0 AS m0 -- cells
    FROM core.tong_hop AS t
    LEFT JOIN core.don_vi_tai_ngay(CAST(:den_ngay AS date)) AS k ON t.ma_don_vi = k.ma_goc
    WHERE t.ky = ANY(:kys)
    GROUP BY coalesce(k.ma_don_vi, t.ma_don_vi), t.ma_tthc
),

-- Every active unit, even at zero; and any other unit that still holds dossiers.
don_vi AS (
    SELECT DISTINCT
        d.ma_don_vi,
        d.ten_don_vi,
        d.cap
    FROM core.don_vi_tai_ngay(CAST(:den_ngay AS date)) AS d
    WHERE
        d.cap <> 'toan_tinh'
        AND (d.con_hieu_luc OR d.ma_don_vi IN (SELECT o.ma_don_vi FROM o))
),

dong_bang AS (
    SELECT
        ma_don_vi,
        ten_don_vi,
        cap
    FROM don_vi
    UNION ALL
    SELECT
        'TONG' || chr(58) || tong.cap AS ma_don_vi,
        tong.ten_don_vi,
        tong.cap
    FROM (
        VALUES
        ('toan_tinh', 'Toàn tỉnh'),
        ('so_nganh', 'Các sở, ban, ngành'),
        ('huyen', 'Các huyện, thị xã, thành phố'),
        ('xa', 'Các xã, phường, thị trấn')
    ) AS tong (cap, ten_don_vi)
    WHERE tong.cap = 'toan_tinh' OR tong.cap IN (SELECT don_vi.cap FROM don_vi)
),

theo_tthc AS (
    SELECT
        nhom.ma_don_vi,
        o.ma_tthc,
        sum(o.m0) AS m0 -- sums
    FROM o
    INNER JOIN don_vi ON o.ma_don_vi = don_vi.ma_don_vi
    CROSS JOIN
        LATERAL (
            VALUES
            (don_vi.ma_don_vi),
            ('TONG' || chr(58) || don_vi.cap),
            ('TONG' || chr(58) || 'toan_tinh')
        ) AS nhom (ma_don_vi)
    GROUP BY nhom.ma_don_vi, o.ma_tthc
),

n AS (
    SELECT
        g.ma_don_vi,
        sum(g.m0) AS m0 -- totals
    FROM theo_tthc AS g
    GROUP BY g.ma_don_vi
),

moi_nhat AS (
    SELECT max(moi_nhat) AS luc
    FROM core.tong_hop
    WHERE ky = ANY(:kys)
)

SELECT
    CAST(:ky_loai AS text) AS ky_loai,
    CAST(:ky AS text) AS ky,
    CAST(:tu_ngay AS date) AS tu_ngay,
    CAST(:den_ngay AS date) AS den_ngay,
    v.ma_chi_so,
    v.phien_ban,
    b.ma_don_vi,
    b.ten_don_vi,
    b.cap,
    v.tu_so,
    v.mau_so,
    c.gia_tri,
    CASE WHEN c.gia_tri IS NULL THEN dn.ly_do_na END AS ly_do_na,
    mt.muc_tieu,
    CASE dn.chieu
        WHEN 'tang' THEN c.gia_tri >= mt.muc_tieu
        WHEN 'giam' THEN c.gia_tri <= mt.muc_tieu
    END AS dat,
    'tam_tinh' AS trang_thai,
    0 AS revision,
    coalesce(moi_nhat.luc, CAST(:den_ngay AS timestamp)) AT TIME ZONE 'Asia/Ho_Chi_Minh' AS as_of
FROM dong_bang AS b
LEFT JOIN n ON b.ma_don_vi = n.ma_don_vi
CROSS JOIN moi_nhat
CROSS JOIN
    LATERAL (
        VALUES
        ('', 0, 0::bigint, 0::bigint) -- values
    ) AS v (ma_chi_so, phien_ban, tu_so, mau_so)
INNER JOIN mart.dinh_nghia AS dn ON v.ma_chi_so = dn.ma_chi_so AND v.phien_ban = dn.phien_ban
CROSS JOIN
    LATERAL (
        SELECT
            CASE dn.loai
                WHEN 'dem' THEN v.tu_so
                ELSE round(100.0 * v.tu_so / nullif(v.mau_so, 0), 2)
            END AS gia_tri
    ) AS c
LEFT JOIN mart.muc_tieu AS mt
    ON
        v.ma_chi_so = mt.ma_chi_so
        AND b.cap = mt.cap
        AND :den_ngay BETWEEN mt.hieu_luc_tu AND mt.hieu_luc_den
