-- One row is a figure of the period :ky_loai, :ky that entry :cu of the evidence (TEMP TABLE bc_con_so) and entry
-- :moi of this warehouse do not have the same, in words. Reads only.
SELECT
    coalesce(cu.ma_chi_so, moi.ma_chi_so) AS ma_chi_so,
    format(
        '%s %s: %s, here %s',
        coalesce(cu.ma_chi_so, moi.ma_chi_so),
        coalesce(cu.ma_don_vi, moi.ma_don_vi),
        CASE WHEN cu.ma_chi_so IS NULL THEN 'none' ELSE coalesce(concat_ws('/', cu.tu_so, cu.mau_so), '') END,
        CASE
            WHEN moi.ma_chi_so IS NULL THEN 'none'
            WHEN
                (to_jsonb(cu) - '{so_cai,as_of}'::text[]) = (to_jsonb(moi) - '{so_cai,as_of}'::text[])
                THEN 'the same by data up to ' || moi.as_of
            WHEN
                (cu.tu_so, cu.mau_so, cu.gia_tri) IS NOT DISTINCT FROM (moi.tu_so, moi.mau_so, moi.gia_tri)
                AND cu.ma_bam_dong IS DISTINCT FROM moi.ma_bam_dong THEN 'the same from other rows'
            ELSE coalesce(concat_ws('/', moi.tu_so, moi.mau_so), '')
        END
    ) AS what,
    coalesce(
        (to_jsonb(cu) - '{so_cai,as_of}'::text[]) = (to_jsonb(moi) - '{so_cai,as_of}'::text[]), FALSE
    ) AS chi_khac_luc
FROM (
    SELECT x.*
    FROM bc_con_so AS x
    WHERE x.so_cai = :cu AND x.ky_loai = :ky_loai AND x.ky = :ky
) AS cu
FULL OUTER JOIN (
    SELECT x.*
    FROM mart.con_so_cong_bo AS x
    WHERE x.so_cai = :moi AND x.ky_loai = :ky_loai AND x.ky = :ky
) AS moi
    ON cu.ma_chi_so = moi.ma_chi_so AND cu.ma_don_vi = moi.ma_don_vi
WHERE (to_jsonb(cu) - 'so_cai') IS DISTINCT FROM (to_jsonb(moi) - 'so_cai')
ORDER BY ma_chi_so ASC, what ASC;
