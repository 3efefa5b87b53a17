-- One row is one item that units declare, with what a unit declared for a month, if it did.
-- Reads only.
SELECT
    s.ma_so_lieu,
    s.ten,
    s.don_vi_tinh,
    s.kieu,
    k.gia_tri,
    k.ngay_khai,
    k.revision
FROM core.so_lieu_khai_bao AS s
LEFT JOIN mart.khai_bao AS k
    ON s.ma_so_lieu = k.ma_so_lieu AND k.ky = :ky AND k.ma_don_vi = :ma AND k.is_current
ORDER BY s.thu_tu, s.ma_so_lieu;
