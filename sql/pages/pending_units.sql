-- One row is a unit, a level or the province of which published figures of a period would change, the most first.
-- Reads only.
SELECT
    c.ma_don_vi,
    min(c.ten_don_vi) AS ten_don_vi,
    count(*) AS con_so
FROM mart.con_so_cho AS c
WHERE c.ky_loai = :ky_loai AND c.ky = :ky
GROUP BY c.ma_don_vi
ORDER BY c.ma_don_vi = 'TONG:toan_tinh' DESC, c.ma_don_vi LIKE 'TONG:%' DESC, con_so DESC, ten_don_vi ASC;
