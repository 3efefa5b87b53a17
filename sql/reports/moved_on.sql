-- One row: whether a figure of an open period is no longer as entry :so_cai published it. Reads only.
SELECT
    coalesce(
        bool_or(
            (nay.ma_don_vi, nay.tu_so, nay.mau_so, nay.gia_tri)
            IS DISTINCT FROM (ban.ma_don_vi, ban.tu_so, ban.mau_so, ban.gia_tri)
        ),
        FALSE
    ) AS khac
FROM (
    SELECT * FROM mart.chi_so
    WHERE ky_loai = :ky_loai AND ky = :ky
) AS nay
FULL OUTER JOIN (
    SELECT * FROM mart.con_so_cong_bo
    WHERE ky_loai = :ky_loai AND ky = :ky AND so_cai = :so_cai
) AS ban
    ON nay.ma_chi_so = ban.ma_chi_so AND nay.ma_don_vi = ban.ma_don_vi;
