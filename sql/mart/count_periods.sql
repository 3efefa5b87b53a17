-- Counts the periods named by :cac_ky_loai and :cac_ky once for all tables of mart that hold them: to TEMP TABLE
-- tinh_moi, one row is one figure as in mart.chi_so, with the readings that points of QĐ 766 are given for.
DROP TABLE IF EXISTS tinh_moi;

CREATE TEMP TABLE tinh_moi (LIKE mart.chi_so) ON COMMIT DROP;

INSERT INTO tinh_moi
SELECT * FROM core.tinh_chi_so(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[]), NULL, FALSE, TRUE);

ANALYZE tinh_moi (ky_loai, ky, ma_chi_so, ma_don_vi);
