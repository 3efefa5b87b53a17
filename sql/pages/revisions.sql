-- One row is a published revision of a figure, the newest first. Reads only.
SELECT
    h.revision,
    h.trang_thai,
    h.tu_so,
    h.mau_so,
    h.gia_tri,
    h.valid_from,
    h.valid_to = 'infinity' AS dang_dung,
    h.so_cai
FROM mart.chi_so_lich_su AS h
WHERE h.ky_loai = :ky_loai AND h.ky = :ky AND h.ma_chi_so = :ma AND h.ma_don_vi = :don_vi
ORDER BY h.so_cai DESC;
