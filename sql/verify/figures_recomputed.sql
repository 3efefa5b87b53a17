-- One row is one provisional figure that is not what mart.tinh_chi_so makes of the counted months now; a score is the
-- sum of the points in mart.diem_766. Months named by :waiting have yet to be counted, and their periods with them.
-- Reads only.
WITH chon AS (
    SELECT
        ky.ky_loai,
        ky.ky
    FROM mart.ky
    WHERE
        EXISTS (
            SELECT FROM mart.chi_so AS c
            WHERE c.ky_loai = ky.ky_loai AND c.ky = ky.ky
        )
        AND NOT EXISTS (
            SELECT FROM mart.chi_so AS c
            WHERE c.ky_loai = ky.ky_loai AND c.ky = ky.ky AND c.trang_thai = 'da_chot'
        )
        AND NOT EXISTS (
            SELECT FROM unnest(CAST(:waiting AS text[])) AS w (ky)
            WHERE w.ky BETWEEN to_char(ky.tu_ngay, 'YYYY-MM') AND to_char(ky.den_ngay, 'YYYY-MM')
        )
),

tinh AS (
    SELECT
        t.ky_loai,
        t.ky,
        t.ma_chi_so,
        t.ma_don_vi,
        t.tu_so,
        t.mau_so,
        coalesce(d.diem, t.gia_tri) AS gia_tri
    FROM
        mart.tinh_chi_so(
            (SELECT array_agg(chon.ky_loai ORDER BY chon.ky_loai, chon.ky) FROM chon),
            (SELECT array_agg(chon.ky ORDER BY chon.ky_loai, chon.ky) FROM chon),
            NULL,
            FALSE
        ) AS t
    INNER JOIN mart.dinh_nghia AS dn ON t.ma_chi_so = dn.ma_chi_so AND t.phien_ban = dn.phien_ban
    LEFT JOIN mart.diem_766 AS d
        ON
            dn.loai = 'diem'
            AND t.ky_loai = 'thang'
            AND t.ky = d.ky
            AND t.ma_don_vi = d.ma_don_vi
            AND d.nhom = ''
),

ghi AS (
    SELECT
        c.ky_loai,
        c.ky,
        c.ma_chi_so,
        c.ma_don_vi,
        c.tu_so,
        c.mau_so,
        c.gia_tri
    FROM mart.chi_so AS c
    INNER JOIN chon ON c.ky_loai = chon.ky_loai AND c.ky = chon.ky
)

SELECT
    concat_ws(
        ' ',
        coalesce(ghi.ky_loai, tinh.ky_loai),
        coalesce(ghi.ky, tinh.ky),
        coalesce(ghi.ma_chi_so, tinh.ma_chi_so),
        coalesce(ghi.ma_don_vi, tinh.ma_don_vi)
    )
    || CASE
        WHEN ghi.ma_chi_so IS NULL THEN ': not in mart.chi_so'
        WHEN tinh.ma_chi_so IS NULL THEN ': follows from nothing'
        ELSE
            ': ' || concat_ws('/', coalesce(ghi.tu_so::text, '-'), coalesce(ghi.mau_so::text, '-'))
            || ' = ' || coalesce(ghi.gia_tri::text, '-')
            || ', recomputed ' || concat_ws('/', coalesce(tinh.tu_so::text, '-'), coalesce(tinh.mau_so::text, '-'))
            || ' = ' || coalesce(tinh.gia_tri::text, '-')
    END AS what
FROM ghi
FULL OUTER JOIN tinh
    ON
        ghi.ky_loai = tinh.ky_loai
        AND ghi.ky = tinh.ky
        AND ghi.ma_chi_so = tinh.ma_chi_so
        AND ghi.ma_don_vi = tinh.ma_don_vi
WHERE
    ghi.ma_chi_so IS NULL
    OR tinh.ma_chi_so IS NULL
    OR (ghi.tu_so, ghi.mau_so, ghi.gia_tri) IS DISTINCT FROM (tinh.tu_so, tinh.mau_so, tinh.gia_tri)
ORDER BY what;
