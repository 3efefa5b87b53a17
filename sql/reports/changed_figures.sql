-- One row is one figure of the province in a month that changed since :tu: as it was before the first change, and
-- as it was after the last; what changed back is none. Reads only.
SELECT
    f.ky,
    f.ma_chi_so,
    d.ten,
    d.loai,
    (array_agg(f.gia_tri_cu ORDER BY f.change_id ASC))[1] AS gia_tri_cu,
    (array_agg(f.gia_tri_moi ORDER BY f.change_id DESC))[1] AS gia_tri_moi
FROM ops.figure_change AS f
INNER JOIN (
    SELECT DISTINCT ON (ma_chi_so)
        ma_chi_so,
        ten,
        loai,
        thu_tu
    FROM mart.dinh_nghia
    ORDER BY ma_chi_so ASC, phien_ban DESC
) AS d ON f.ma_chi_so = d.ma_chi_so
WHERE
    f.changed_at >= CAST(:tu AS timestamptz)
    AND f.ky_loai = 'thang'
    AND f.ma_don_vi = 'TONG:toan_tinh'
GROUP BY f.ky, f.ma_chi_so, d.ten, d.loai, d.thu_tu
HAVING
    (array_agg(f.gia_tri_cu ORDER BY f.change_id ASC))[1]
    IS DISTINCT FROM (array_agg(f.gia_tri_moi ORDER BY f.change_id DESC))[1]
ORDER BY f.ky DESC, d.thu_tu ASC, f.ma_chi_so ASC;
