-- One row is one indicator with the province's values of the twelve whole months up to a day, the oldest first; NULL
-- where a month has none. Reads only.
SELECT
    d.ma_chi_so,
    array_agg(c.gia_tri ORDER BY m.thang) AS gia_tri
FROM
    generate_series(
        date_trunc('month', CAST(:den_ngay AS date) + 1) - interval '12 months',
        date_trunc('month', CAST(:den_ngay AS date) + 1) - interval '1 month',
        interval '1 month'
    ) AS m (thang)
-- Period by period and indicator by indicator, as the key has them, not all units of all months.
CROSS JOIN (SELECT DISTINCT ma_chi_so FROM mart.dinh_nghia) AS d
LEFT JOIN mart.chi_so AS c
    ON
        c.ky_loai = 'thang'
        AND c.ky = to_char(m.thang, 'YYYY-MM')
        AND d.ma_chi_so = c.ma_chi_so
        AND c.ma_don_vi = 'TONG:toan_tinh'
GROUP BY d.ma_chi_so;
