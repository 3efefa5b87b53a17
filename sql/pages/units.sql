-- One row is a unit with figures in a period, how many of its targets it met there, and how its figures stand.
-- Reads only.
SELECT
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    count(*) FILTER (WHERE c.dat) AS dat,
    count(*) FILTER (WHERE NOT c.dat) AS chua_dat,
    array_agg(DISTINCT c.trang_thai) AS trang_thai
FROM mart.chi_so AS c
WHERE c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_don_vi NOT LIKE 'TONG:%'
GROUP BY c.ma_don_vi, c.ten_don_vi, c.cap
ORDER BY c.cap, c.ten_don_vi, c.ma_don_vi;
