-- One row is one figure of mart.chi_so. Reads only.
SELECT
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.gia_tri,
    c.tu_so,
    c.mau_so,
    c.trang_thai,
    c.revision
FROM mart.chi_so AS c
WHERE c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_chi_so = :ma AND c.ma_don_vi = :don_vi;
