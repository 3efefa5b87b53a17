-- Keeps TEMP TABLE phan in mart.phan_thay_doi: of the revision that mart.chi_so has of each period, or with :cho of
-- what waits.
DELETE FROM mart.phan_thay_doi AS x
USING unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS p (ky_loai, ky)
WHERE x.ky_loai = p.ky_loai AND x.ky = p.ky AND x.den_revision IS NULL;

INSERT INTO mart.phan_thay_doi (
    ky_loai, ky, ma_chi_so, ma_don_vi, den_revision, nguyen_nhan, tu_so, mau_so, so_dong
)
SELECT
    phan.ky_loai,
    phan.ky,
    phan.ma_chi_so,
    phan.ma_don_vi,
    CASE WHEN CAST(:cho AS boolean) THEN NULL ELSE c.revision END AS den_revision,
    phan.nguyen_nhan,
    sum(phan.tu_so) AS tu_so,
    sum(phan.mau_so) AS mau_so,
    sum(phan.so_dong) AS so_dong
FROM phan
LEFT JOIN (
    SELECT
        x.ky_loai,
        x.ky,
        max(x.revision) AS revision
    FROM mart.chi_so AS x
    GROUP BY x.ky_loai, x.ky
) AS c
    ON phan.ky_loai = c.ky_loai AND phan.ky = c.ky
GROUP BY phan.ky_loai, phan.ky, phan.ma_chi_so, phan.ma_don_vi, c.revision, phan.nguyen_nhan
HAVING sum(phan.tu_so) <> 0 OR sum(phan.mau_so) <> 0;
