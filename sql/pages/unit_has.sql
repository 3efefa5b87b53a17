-- One row says what there is of a unit, a level or the province in a period: figures (of :cac_chi_so,
-- NULL: of any), and report II.06a. Reads only.
SELECT
    (
        SELECT count(*) > 0
        FROM mart.chi_so AS c
        WHERE
            c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_don_vi = :ma
            AND (CAST(:cac_chi_so AS text[]) IS NULL OR c.ma_chi_so = ANY(CAST(:cac_chi_so AS text[])))
    ) AS con_so,
    (
        SELECT count(*) > 0
        FROM mart.bieu_06a AS b
        WHERE b.ky_loai = :ky_loai AND b.ky = :ky AND b.ma_don_vi = :ma AND b.ma_linh_vuc = ''
    ) AS bieu_06a;
