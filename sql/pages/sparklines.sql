-- One row is one indicator with the province's values of twelve months up to a day, the oldest first; a month
-- without figures is left out.
-- Reads only.
SELECT
    c.ma_chi_so,
    array_agg(c.gia_tri ORDER BY c.den_ngay) AS gia_tri
FROM mart.chi_so AS c
WHERE
    c.ky_loai = 'thang' AND c.ma_don_vi = 'TONG:toan_tinh'
    AND c.den_ngay > CAST(:den_ngay AS date) - interval '12 months'
    AND c.den_ngay <= CAST(:den_ngay AS date)
GROUP BY c.ma_chi_so;
