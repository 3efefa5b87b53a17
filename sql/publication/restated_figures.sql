-- The figures of the periods :kinds, :names as they are published now, to TEMP TABLE so_moi.
DROP TABLE IF EXISTS so_moi;

CREATE TEMP TABLE so_moi ON COMMIT DROP AS
SELECT c.*
FROM mart.chi_so AS c
INNER JOIN unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS p (ky_loai, ky)
    ON c.ky_loai = p.ky_loai AND c.ky = p.ky;
