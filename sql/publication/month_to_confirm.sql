-- One month: the newest that is over and open, and about which no unit was asked. Reads only.
SELECT h.ky
FROM core.han_nop AS h
INNER JOIN ops.period AS p ON h.ky = p.ky
WHERE
    h.loai = 'xac_nhan'
    AND h.ky_loai = 'thang'
    AND h.den_ngay < (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    AND NOT EXISTS (
        SELECT FROM ops.so_cai AS s
        WHERE s.ky = h.ky AND s.loai = 'chot'
    )
    AND NOT EXISTS (
        SELECT FROM ops.de_nghi AS q
        WHERE q.ky = h.ky AND q.loai = 'xac_nhan'
    )
ORDER BY h.ky DESC
LIMIT 1;
