-- One row is report II.06a of one unit, level or the province in one period, of one field or ('') of all.
-- Body of core.tinh_bieu_06a and mart.tinh_bieu_06a; cchc.indicator_sql puts the form's columns in the places marked
-- with a comment. Reads only; units answer as in mart.tinh_chi_so.
WITH k AS (
    SELECT
        ky.ky_loai,
        ky.ky,
        row_number() OVER (ORDER BY ky.ky_loai, ky.ky) AS so,
        ky.tu_ngay,
        ky.den_ngay,
        coalesce(CAST(:ngay AS date), ky.den_ngay) AS ngay,
        (
            SELECT max(doan.tu_ngay)
            FROM core.doan
            WHERE doan.tu_ngay BETWEEN ky.tu_ngay AND ky.den_ngay
        ) AS cuoi
    FROM mart.ky
    INNER JOIN unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
        ON ky.ky_loai = chon.ky_loai AND ky.ky = chon.ky
    WHERE ky.ly_do_na IS NULL
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
    WHERE dv.cap <> 'toan_tinh'
),

u AS MATERIALIZED (
    SELECT
        k.so,
        tl.ma_don_vi,
        t.ma_linh_vuc,
        sum(t.so[1]) AS cot -- columns
    FROM k
    INNER JOIN core.tong_hop_linh_vuc AS t ON t.tu_ngay BETWEEN k.tu_ngay AND k.den_ngay
    INNER JOIN tra_loi AS tl ON k.ngay = tl.ngay AND t.ma_don_vi = tl.ma_goc
    GROUP BY k.so, tl.ma_don_vi, t.ma_linh_vuc
    UNION ALL
    -- Every active unit, even with nothing to report.
    SELECT
        k.so,
        tl.ma_don_vi,
        NULL AS ma_linh_vuc,
        sum(t.so[1]) AS cot -- columns
    FROM k
    INNER JOIN tra_loi AS tl ON k.ngay = tl.ngay AND tl.con_hieu_luc
    LEFT JOIN core.tong_hop_linh_vuc AS t ON FALSE
    GROUP BY k.so, tl.ma_don_vi
),

don_vi AS (
    SELECT DISTINCT
        tl.ngay,
        tl.ma_don_vi,
        tl.ten_don_vi,
        tl.cap
    FROM tra_loi AS tl
),

tong AS (
    SELECT
        u.so,
        nhom.ma_don_vi,
        nhom.ten_don_vi,
        nhom.cap,
        linh_vuc.ma_linh_vuc,
        sum(u.cot) AS cot -- totals
    FROM u
    INNER JOIN k ON u.so = k.so
    INNER JOIN don_vi AS d ON k.ngay = d.ngay AND u.ma_don_vi = d.ma_don_vi
    CROSS JOIN
        LATERAL (
            VALUES
            (d.ma_don_vi, d.ten_don_vi, d.cap),
            (
                core.ma_tong(d.cap),
                CASE d.cap
                    WHEN 'so_nganh' THEN 'Các sở, ban, ngành'
                    WHEN 'huyen' THEN 'Các huyện, thị xã, thành phố'
                    WHEN 'xa' THEN 'Các xã, phường, thị trấn'
                END,
                d.cap
            ),
            (core.ma_tong('toan_tinh'), 'Toàn tỉnh', 'toan_tinh')
        ) AS nhom (ma_don_vi, ten_don_vi, cap)
    -- What is filed under no field has a code of its own: '' is the row of all fields.
    CROSS JOIN LATERAL (VALUES (coalesce(nullif(u.ma_linh_vuc, ''), 'KHAC')), ('')) AS linh_vuc (ma_linh_vuc)
    WHERE u.ma_linh_vuc IS NOT NULL OR linh_vuc.ma_linh_vuc = ''
    GROUP BY u.so, nhom.ma_don_vi, nhom.ten_don_vi, nhom.cap, linh_vuc.ma_linh_vuc
)

SELECT
    k.ky_loai,
    k.ky,
    k.tu_ngay,
    k.den_ngay,
    t.ma_don_vi,
    t.ten_don_vi,
    t.cap,
    t.ma_linh_vuc,
    CASE t.ma_linh_vuc
        WHEN '' THEN 'Mọi lĩnh vực'
        WHEN 'KHAC' THEN 'Không rõ lĩnh vực'
        ELSE coalesce(lv.ten_linh_vuc, t.ma_linh_vuc)
    END AS ten_linh_vuc,
    t.cot_3,
    t.cot_4,
    t.cot_5,
    t.cot_6,
    t.cot_7,
    t.cot_8,
    t.cot_9,
    t.cot_10,
    t.cot_11,
    t.cot_12,
    t.cot_13
FROM k
INNER JOIN tong AS t ON k.so = t.so
LEFT JOIN (
    -- As the field was last called in the period: a later name does not change an earlier report.
    SELECT DISTINCT ON (trong_ky.so, tt.ma_linh_vuc)
        trong_ky.so,
        tt.ma_linh_vuc,
        tt.ten_linh_vuc
    FROM k AS trong_ky
    INNER JOIN core.tthc AS tt ON trong_ky.den_ngay >= tt.valid_from
    WHERE tt.ma_linh_vuc IS NOT NULL AND tt.ten_linh_vuc IS NOT NULL
    ORDER BY trong_ky.so ASC, tt.ma_linh_vuc ASC, tt.valid_from DESC, tt.ten_linh_vuc ASC
) AS lv ON t.so = lv.so AND t.ma_linh_vuc = lv.ma_linh_vuc
