-- One row = a finding of mart.bat_thuong in a period, with whether its figure is followed up and its comments.
-- Reads only.
SELECT
    b.*,
    coalesce(g.dang_theo_doi, FALSE) AS dang_theo_doi,
    coalesce(g.so_ghi_chu, 0) AS so_ghi_chu
FROM mart.bat_thuong AS b
LEFT JOIN (
    SELECT
        ma_chi_so,
        ma_don_vi,
        bool_or(dang_theo_doi) AS dang_theo_doi,
        count(*) FILTER (WHERE noi_dung IS NOT NULL) AS so_ghi_chu
    FROM mart.ghi_chu
    WHERE ky_loai = :ky_loai AND ky = :ky
    GROUP BY ma_chi_so, ma_don_vi
) AS g ON b.ma_chi_so = g.ma_chi_so AND b.ma_don_vi = g.ma_don_vi
WHERE
    b.ky_loai = :ky_loai
    AND b.ky = :ky
    AND (CAST(:ma_don_vi AS text) IS NULL OR b.ma_don_vi = :ma_don_vi)
ORDER BY
    array_position(ARRAY['toan_tinh', 'so_nganh', 'huyen', 'xa'], b.cap) ASC,
    (b.ma_don_vi LIKE 'TONG:%') DESC,
    b.ma_don_vi ASC,
    b.mau_so_nho ASC,
    b.thu_tu ASC,
    b.ma_chi_so ASC,
    b.phan ASC;
