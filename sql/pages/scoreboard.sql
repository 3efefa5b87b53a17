-- One row is one indicator at one level, or at the province, in a period, beside what it is compared with.
-- Reads only.
SELECT
    d.ma_chi_so,
    d.ten,
    d.loai,
    d.chieu,
    d.chi_tieu,
    c.cap,
    c.ma_don_vi,
    c.gia_tri,
    c.ly_do_na,
    c.muc_tieu,
    c.dat,
    c.trang_thai,
    c.revision,
    s.so_ky_truoc,
    s.so_nam_truoc
FROM mart.chi_so AS c
INNER JOIN mart.dinh_nghia AS d ON c.ma_chi_so = d.ma_chi_so AND c.phien_ban = d.phien_ban
INNER JOIN mart.so_sanh AS s
    ON
        c.ky_loai = s.ky_loai
        AND c.ky = s.ky
        AND c.ma_chi_so = s.ma_chi_so
        AND c.ma_don_vi = s.ma_don_vi
WHERE
    c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_don_vi LIKE 'TONG:%'
    AND s.ky_loai = :ky_loai AND s.ky = :ky
ORDER BY d.thu_tu, d.ma_chi_so, c.cap;
