-- One row: how many figures a period has, how many periods before it there are to compare with, how many are needed.
-- Reads only.
SELECT
    (
        SELECT count(*) FROM mart.chi_so AS c
        WHERE
            c.ky_loai = :ky_loai AND c.ky = :ky AND (CAST(:ma_don_vi AS text) IS NULL OR c.ma_don_vi = :ma_don_vi)
    ) AS figures,
    (
        SELECT count(*) FROM core.ky_so_sanh AS k
        WHERE
            k.ky_loai = :ky_loai AND k.ky = :ky AND k.ky_xet <> k.ky
            AND EXISTS (
                SELECT FROM mart.chi_so AS c
                WHERE
                    c.ky_loai = k.ky_loai AND c.ky = k.ky_xet
                    AND (CAST(:ma_don_vi AS text) IS NULL OR c.ma_don_vi = :ma_don_vi)
            )
    ) AS compared,
    n.so_ky_it_nhat AS needed
FROM mart.nguong_bat_thuong AS n;
