-- One row is a number of a figure that stands out from its own past in a period, with the evidence in words; the
-- units of :cac_ma first, then the whole province, levels, the others. Who reads figures only reads no comment:
-- these are asked for by themselves. Reads only.
SELECT
    b.ma_chi_so,
    b.ten_chi_so,
    b.ma_don_vi,
    b.ten_don_vi,
    b.cap,
    b.phan,
    b.mau_so_nho,
    b.bang_chung,
    count(*) OVER () AS tat_ca
FROM mart.bat_thuong AS b
WHERE
    b.ky_loai = :ky_loai AND b.ky = :ky
    AND (CAST(:ma AS text) IS NULL OR b.ma_chi_so = :ma)
    AND (CAST(:don_vi AS text) IS NULL OR b.ma_don_vi = :don_vi)
ORDER BY
    b.ma_don_vi = ANY(CAST(:cac_ma AS text[])) DESC,
    array_position(ARRAY['toan_tinh', 'so_nganh', 'huyen', 'xa'], b.cap) ASC,
    (b.ma_don_vi LIKE 'TONG:%') DESC,
    b.ma_don_vi ASC,
    b.mau_so_nho ASC,
    b.thu_tu ASC,
    b.ma_chi_so ASC,
    b.phan ASC;
