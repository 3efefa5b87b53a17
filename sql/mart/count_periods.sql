-- Counts the periods named by :cac_ky_loai and :cac_ky once for all tables of mart that hold them: to TEMP TABLE
-- tinh_moi, one row is one figure as in mart.chi_so, with the readings that points of QĐ 766 are given for.
DROP TABLE IF EXISTS tinh_moi;

CREATE TEMP TABLE tinh_moi ON COMMIT DROP AS
SELECT s.*
FROM mart.tinh_chi_so(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[]), NULL, TRUE) AS s
INNER JOIN mart.dinh_nghia AS dn ON s.ma_chi_so = dn.ma_chi_so AND s.phien_ban = dn.phien_ban
WHERE
    dn.bien_the_cua IS NULL
    OR (s.ky_loai = 'thang' AND s.ma_chi_so IN (SELECT t.ma_chi_so FROM mart.thang_diem_766 AS t));

ANALYZE tinh_moi;
