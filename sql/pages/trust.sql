-- One row says how far the first figures of an indicator at a unit can be trusted: by how much they were restated.
-- Reads only.
SELECT
    t.so_ky,
    t.so_ky_sua,
    t.sua_doi_trung_binh,
    t.lech_trung_binh,
    t.sua_doi_lon_nhat
FROM mart.do_tin_cay_ban_dau AS t
WHERE t.ky_loai = :ky_loai AND t.ma_chi_so = :ma AND t.ma_don_vi = :don_vi;
