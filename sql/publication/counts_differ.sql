-- One row is a unit whose counts of the month :ky, counted from rows, are not those of core.tong_hop. Reads only.
SELECT
    format('unit %s from %s', coalesce(c.ma_don_vi, t.ma_don_vi), coalesce(c.tu_ngay, t.tu_ngay)) AS what
FROM (SELECT * FROM core.tong_hop_chot AS x WHERE x.ky = :ky) AS c
FULL OUTER JOIN (SELECT * FROM core.tong_hop AS x WHERE x.ky = :ky AND x.so <> array_fill(0::bigint, ARRAY[cardinality(x.so)])) AS t
    ON c.tu_ngay = t.tu_ngay AND c.ma_don_vi = t.ma_don_vi
WHERE c.so IS DISTINCT FROM t.so
ORDER BY what;
