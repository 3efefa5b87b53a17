-- One row is one period of a kind that was counted, the newest first; ly_do_na: why it has no figures.
-- Reads only.
SELECT
    k.ky_loai,
    k.ky,
    k.tu_ngay,
    k.den_ngay,
    k.ly_do_na
FROM mart.ky AS k
WHERE
    k.ky_loai = :ky_loai
    AND EXISTS (
        SELECT FROM mart.chi_so AS c
        WHERE c.ky_loai = k.ky_loai AND c.ky = k.ky
    )
ORDER BY k.den_ngay DESC, k.ky DESC;
