-- One row is one of the closed periods :kinds, :names whose figures may be others now than what was published: rows of
-- its months wait or were restated since, the definitions are not those of :van_tay, others answer for its units, or
-- something waits for it already. Reads only.
SELECT
    k.ky_loai,
    k.ky
FROM mart.ky AS k
INNER JOIN unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS chon (ky_loai, ky)
    ON k.ky_loai = chon.ky_loai AND k.ky = chon.ky
CROSS JOIN
    LATERAL (
        SELECT max(c.so_cai) AS so_cai
        FROM mart.con_so_cong_bo AS c
        WHERE c.ky_loai = k.ky_loai AND c.ky = k.ky AND c.trang_thai = 'da_chot'
    ) AS ban
WHERE
    EXISTS (
        SELECT FROM core.dong_cho AS c
        WHERE c.ky BETWEEN to_char(k.tu_ngay, 'YYYY-MM') AND to_char(k.den_ngay, 'YYYY-MM')
    )
    OR EXISTS (
        SELECT FROM ops.so_cai AS s
        WHERE
            s.so > ban.so_cai
            AND s.loai IN ('chot', 'dinh_chinh')
            AND s.ky BETWEEN to_char(k.tu_ngay, 'YYYY-MM') AND to_char(k.den_ngay, 'YYYY-MM')
    )
    OR NOT EXISTS (
        SELECT FROM ops.so_cai AS s
        WHERE s.so = ban.so_cai AND s.noi_dung ->> 'van_tay_dinh_nghia' = :van_tay
    )
    OR EXISTS (
        SELECT FROM core.don_vi_tai_ngay(k.den_ngay) AS nay
        FULL OUTER JOIN (
            SELECT dv.* FROM core.don_vi_cong_bo AS dv
            WHERE dv.so_cai = ban.so_cai AND dv.ngay = k.den_ngay
        ) AS cu
            ON nay.ma_goc = cu.ma_goc
        WHERE
            (nay.ma_don_vi, nay.cap, nay.con_hieu_luc AND nay.theo_doi)
            IS DISTINCT FROM (cu.ma_don_vi, cu.cap, cu.con_hieu_luc)
    )
    OR EXISTS (
        SELECT FROM mart.con_so_cho AS c
        WHERE c.ky_loai = k.ky_loai AND c.ky = k.ky
    )
    OR EXISTS (
        SELECT FROM mart.phan_thay_doi AS p
        WHERE p.ky_loai = k.ky_loai AND p.ky = k.ky AND p.den_revision IS NULL
    )
ORDER BY k.ky_loai, k.ky;
