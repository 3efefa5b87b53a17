-- One row is one period in which figures are other than before :tu, with how many of how many units; the newest
-- first. What changed and changed back is none. Reads only.
SELECT
    f.ky_loai,
    f.ky,
    count(*) AS so_con_so,
    count(DISTINCT f.ma_don_vi) FILTER (WHERE f.ma_don_vi NOT LIKE 'TONG:%') AS so_don_vi
FROM (
    SELECT
        ky_loai,
        ky,
        ma_chi_so,
        ma_don_vi
    FROM ops.figure_change
    WHERE changed_at >= CAST(:tu AS timestamptz)
    GROUP BY ky_loai, ky, ma_chi_so, ma_don_vi
    HAVING
        (array_agg(gia_tri_cu ORDER BY change_id ASC))[1]
        IS DISTINCT FROM (array_agg(gia_tri_moi ORDER BY change_id DESC))[1]
) AS f
GROUP BY f.ky_loai, f.ky
ORDER BY f.ky DESC, f.ky_loai ASC;
