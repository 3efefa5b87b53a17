-- One row is one indicator with the province's values of twelve months up to a day, the oldest first; a month
-- without figures is left out.
-- Reads only.
SELECT
    c.ma_chi_so,
    array_agg(c.gia_tri ORDER BY c.den_ngay) AS gia_tri
FROM mart.ky AS k
-- Period by period and indicator by indicator, as the key has them, not all units of all months.
CROSS JOIN (SELECT DISTINCT ma_chi_so FROM mart.dinh_nghia) AS d
INNER JOIN mart.chi_so AS c
    ON k.ky_loai = c.ky_loai AND k.ky = c.ky AND d.ma_chi_so = c.ma_chi_so
WHERE
    k.ky_loai = 'thang' AND c.ma_don_vi = 'TONG:toan_tinh'
    AND k.den_ngay > CAST(:den_ngay AS date) - interval '12 months'
    AND k.den_ngay <= CAST(:den_ngay AS date)
GROUP BY c.ma_chi_so;
