-- One row is the definition of an indicator that is in force: the newest.
-- Reads only.
SELECT d.*
FROM mart.dinh_nghia AS d
WHERE d.ma_chi_so = :ma AND d.bien_the_cua IS NULL
ORDER BY d.phien_ban DESC
LIMIT 1;
