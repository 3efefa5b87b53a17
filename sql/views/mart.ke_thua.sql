CREATE VIEW mart.ke_thua WITH (security_invoker = on) AS
SELECT
    k.ma_don_vi_cu,
    k.ma_don_vi_moi,
    k.loai,
    k.ngay_hieu_luc,
    k.nhan_ton,
    k.da_kiem_chung,
    k.nguon
FROM core.ke_thua AS k;
COMMENT ON VIEW mart.ke_thua IS 'Một dòng = một đơn vị kế thừa một đơn vị khác từ một ngày.';
COMMENT ON COLUMN mart.ke_thua.ma_don_vi_cu IS 'Mã đơn vị cũ, xem mart.don_vi.';
COMMENT ON COLUMN mart.ke_thua.ma_don_vi_moi IS 'Mã đơn vị mới, xem mart.don_vi.';
COMMENT ON COLUMN mart.ke_thua.loai IS
'hop_nhat: hợp nhất, sáp nhập; chia_tach: chia tách; doi_ten: đổi tên; chuyen_giao: chuyển một phần.';
COMMENT ON COLUMN mart.ke_thua.ngay_hieu_luc IS 'Ngày đầu đơn vị mới thay đơn vị cũ.';
COMMENT ON COLUMN mart.ke_thua.nhan_ton IS 'TRUE: hồ sơ chưa xong của đơn vị cũ chuyển sang đơn vị mới này.';
COMMENT ON COLUMN mart.ke_thua.da_kiem_chung IS 'FALSE: giả định, chưa có văn bản.';
COMMENT ON COLUMN mart.ke_thua.nguon IS 'Căn cứ của dòng.';
GRANT SELECT ON mart.ke_thua TO cchc_bi, cchc_steward, cchc_don_vi;
