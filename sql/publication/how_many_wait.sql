-- One row: how many rows of the closed month :ky wait, and how many figures of closed periods that hold it would be
-- others now. Reads only.
SELECT
    (
        SELECT count(*)
        FROM core.dong_cho AS d
        WHERE d.ky = :ky
    ) AS so_dong,
    (
        SELECT count(*)
        FROM mart.con_so_cho AS c
        INNER JOIN mart.ky AS k ON c.ky_loai = k.ky_loai AND c.ky = k.ky
        WHERE
            (:ky || '-01')::date <= k.den_ngay
            AND (:ky || '-01')::date + interval '1 month' > k.tu_ngay
    ) AS so_con_so;
