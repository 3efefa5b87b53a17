-- One row is one indicator of a period at one of the codes :cac_ma, beside what it is compared with: as entry :so_cai
-- published it, or (NULL) as it is. An edition that was replaced (:da_thay) is compared with nothing. Reads only.
SELECT
    d.ma_chi_so,
    d.chi_tieu,
    d.ten,
    d.loai,
    d.chieu,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.tu_so,
    c.mau_so,
    c.gia_tri,
    c.ly_do_na,
    c.muc_tieu,
    c.dat,
    s.so_ky_truoc,
    s.so_nam_truoc
FROM (
    SELECT
        ky_loai,
        ky,
        ma_chi_so,
        phien_ban,
        ma_don_vi,
        ten_don_vi,
        cap,
        tu_so,
        mau_so,
        gia_tri,
        ly_do_na,
        muc_tieu,
        dat
    FROM mart.chi_so
    WHERE CAST(:so_cai AS bigint) IS NULL
    UNION ALL
    SELECT
        ky_loai,
        ky,
        ma_chi_so,
        phien_ban,
        ma_don_vi,
        ten_don_vi,
        cap,
        tu_so,
        mau_so,
        gia_tri,
        ly_do_na,
        muc_tieu,
        dat
    FROM mart.con_so_cong_bo
    WHERE so_cai = CAST(:so_cai AS bigint)
) AS c
INNER JOIN mart.dinh_nghia AS d ON c.ma_chi_so = d.ma_chi_so AND c.phien_ban = d.phien_ban
LEFT JOIN mart.so_sanh AS s
    ON
        NOT CAST(:da_thay AS boolean)
        AND s.ky_loai = :ky_loai
        AND s.ky = :ky
        AND c.ky_loai = s.ky_loai
        AND c.ky = s.ky
        AND c.ma_chi_so = s.ma_chi_so
        AND c.ma_don_vi = s.ma_don_vi
WHERE
    c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_don_vi = ANY(CAST(:cac_ma AS text[]))
ORDER BY d.thu_tu, d.ma_chi_so, array_position(CAST(:cac_ma AS text[]), c.ma_don_vi);
