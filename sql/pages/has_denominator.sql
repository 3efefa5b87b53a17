-- One row says whether an indicator's figures of a period have denominators.
-- Reads only.
SELECT bool_or(c.mau_so IS NOT NULL) AS co_mau_so
FROM mart.chi_so AS c
WHERE c.ma_chi_so = :ma AND c.ky_loai = :ky_loai AND c.ky = :ky;
