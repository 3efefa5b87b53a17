-- One row is one reading of an indicator in a period at one unit or level: the published one first.
-- Reads only.
SELECT
    d.ma_chi_so,
    d.ten,
    d.cach_tinh,
    d.bien_the_cua,
    d.loai,
    t.tu_so,
    t.mau_so,
    t.gia_tri
FROM mart.tinh_chi_so(ARRAY[CAST(:ky_loai AS text)], ARRAY[CAST(:ky AS text)]) AS t
INNER JOIN mart.dinh_nghia AS d ON t.ma_chi_so = d.ma_chi_so AND t.phien_ban = d.phien_ban
WHERE :ma IN (d.ma_chi_so, d.bien_the_cua) AND t.ma_don_vi = :don_vi
ORDER BY d.bien_the_cua NULLS FIRST, d.thu_tu, d.ma_chi_so;
