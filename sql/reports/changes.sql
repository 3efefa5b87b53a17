-- One row is one period in which figures changed since :tu, with how many of how many units; the newest first.
-- Reads only.
SELECT
    f.ky_loai,
    f.ky,
    count(*) AS so_con_so,
    count(DISTINCT f.ma_don_vi) FILTER (WHERE f.ma_don_vi NOT LIKE 'TONG:%') AS so_don_vi
FROM (
    SELECT DISTINCT
        ky_loai,
        ky,
        ma_chi_so,
        ma_don_vi
    FROM ops.figure_change
    WHERE changed_at >= CAST(:tu AS timestamptz)
) AS f
GROUP BY f.ky_loai, f.ky
ORDER BY f.ky DESC, f.ky_loai ASC;
