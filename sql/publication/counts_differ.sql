-- One row is a count of a unit in half of the month :ky that its published rows do not give, in words. Reads only.
SELECT
    format(
        '%s from %s, %s: %s counted, %s rows', coalesce(t.ma_don_vi, d.ma_don_vi), coalesce(t.tu_ngay, d.tu_ngay),
        coalesce(t.phep_do, d.phep_do), coalesce(t.so, 0), coalesce(d.so, 0)
    ) AS what
FROM (
    SELECT
        x.tu_ngay,
        x.ma_don_vi,
        p.phep_do,
        x.so[m.vi_tri] AS so
    FROM core.tong_hop AS x
    CROSS JOIN core.do_luong AS m
    INNER JOIN core.phep_do AS p
        ON
            m.fact = p.fact AND m.su_kien = p.su_kien AND m.cong_don = p.cong_don AND m.dieu_kien = p.dieu_kien
            AND m.tong IS NOT DISTINCT FROM p.tong
    WHERE x.ky = :ky AND x.so[m.vi_tri] <> 0
) AS t
FULL OUTER JOIN (
    SELECT
        core.dau_nua_thang(c.ky, c.nua) AS tu_ngay,
        c.ma_don_vi,
        c.phep_do,
        c.so
    FROM core.dem_den() AS c
    WHERE c.ky = :ky
) AS d
    ON t.tu_ngay = d.tu_ngay AND t.ma_don_vi = d.ma_don_vi AND t.phep_do = d.phep_do
WHERE coalesce(t.so, 0) <> coalesce(d.so, 0)
ORDER BY what;
