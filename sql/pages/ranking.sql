-- One row is one unit of a level, or a whole level, with its figure of an indicator in a period, by rank.
-- Reads only.
SELECT
    s.hang,
    s.so_don_vi_xep_hang,
    s.ma_don_vi,
    s.ten_don_vi,
    s.cap,
    s.gia_tri,
    s.so_ky_truoc,
    s.so_nam_truoc,
    s.cach_muc_tieu,
    c.tu_so,
    c.mau_so,
    c.ly_do_na,
    c.dat,
    c.trang_thai,
    c.muc_tieu
FROM mart.so_sanh AS s
INNER JOIN mart.chi_so AS c
    ON
        s.ky_loai = c.ky_loai
        AND s.ky = c.ky
        AND s.ma_chi_so = c.ma_chi_so
        AND s.ma_don_vi = c.ma_don_vi
WHERE
    s.ky_loai = :ky_loai AND s.ky = :ky AND s.ma_chi_so = :ma
    AND c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_chi_so = :ma
ORDER BY s.cap, s.hang NULLS LAST, s.ten_don_vi, s.ma_don_vi;
