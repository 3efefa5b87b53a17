-- One month: the oldest that is open, whose day of closing has come, that was not published provisionally and about
-- which no question is open. Reads only.
SELECT h.ky
FROM core.han_nop AS h
INNER JOIN ops.period AS p ON h.ky = p.ky
WHERE
    h.loai = 'chot'
    AND h.ky_loai = 'thang'
    AND h.han <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    AND NOT EXISTS (
        SELECT FROM ops.so_cai AS s
        WHERE s.ky = h.ky AND s.loai IN ('chot', 'tam_cong_bo')
    )
    AND NOT EXISTS (
        SELECT FROM ops.de_nghi AS q
        WHERE q.ky = h.ky AND q.loai = 'chot' AND q.tra_loi IS NULL AND q.han > now()
    )
ORDER BY h.ky
LIMIT 1;
