-- One row is one province's or level's numerator or denominator that is not the sum of its units', of the additive
-- indicators named by :additive. Reads only.
SELECT
    concat_ws(' ', tong.ky_loai, tong.ky, tong.ma_chi_so, tong.ma_don_vi)
    || ': ' || concat_ws('/', tong.tu_so, tong.mau_so)
    || ', its units ' || concat_ws('/', don_vi.tu_so, don_vi.mau_so) AS what
FROM mart.chi_so AS tong
CROSS JOIN
    LATERAL (
        SELECT
            coalesce(sum(c.tu_so), 0) AS tu_so,
            coalesce(sum(c.mau_so), 0) AS mau_so
        FROM mart.chi_so AS c
        WHERE
            c.ky_loai = tong.ky_loai
            AND c.ky = tong.ky
            AND c.ma_chi_so = tong.ma_chi_so
            AND NOT starts_with(c.ma_don_vi, 'TONG')
            AND tong.cap IN ('toan_tinh', c.cap)
    ) AS don_vi
WHERE
    tong.ma_chi_so = ANY(CAST(:additive AS text[]))
    AND starts_with(tong.ma_don_vi, 'TONG')
    AND (tong.tu_so <> don_vi.tu_so OR tong.mau_so <> don_vi.mau_so)
ORDER BY what;
