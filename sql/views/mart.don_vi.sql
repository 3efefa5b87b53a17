CREATE VIEW mart.don_vi WITH (security_invoker = on) AS
SELECT
    d.ma_don_vi,
    d.valid_from AS hieu_luc_tu,
    d.valid_to AS hieu_luc_den,
    d.ten_don_vi,
    d.cap,
    d.loai,
    d.ma_don_vi_cha,
    d.ma_gso,
    d.ma_dinh_danh,
    d.ma_don_vi_ke_thua,
    d.theo_doi,
    d.da_kiem_chung,
    d.nguon
FROM core.don_vi AS d;
COMMENT ON VIEW mart.don_vi IS
'Một dòng = một đơn vị trong một khoảng hiệu lực. Mã GSO được dùng lại sau 01/07/2025: khoá là ma_don_vi.';
COMMENT ON COLUMN mart.don_vi.ma_don_vi IS
'Mã đơn vị của kho: mã GSO của tỉnh, dấu chấm, mã GSO hoặc tên sở; mã của nguồn khi danh mục không có đơn vị.';
COMMENT ON COLUMN mart.don_vi.hieu_luc_tu IS 'Ngày đầu có hiệu lực; -infinity khi không rõ.';
COMMENT ON COLUMN mart.don_vi.hieu_luc_den IS 'Ngày cuối có hiệu lực, tính cả ngày này; infinity khi đang còn.';
COMMENT ON COLUMN mart.don_vi.ten_don_vi IS 'Tên đơn vị trong khoảng này.';
COMMENT ON COLUMN mart.don_vi.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.don_vi.loai IS 'Loại: tỉnh, sở, huyện, xã, phường, thị trấn…; NULL khi không rõ.';
COMMENT ON COLUMN mart.don_vi.ma_don_vi_cha IS 'Mã đơn vị cấp trên trực tiếp.';
COMMENT ON COLUMN mart.don_vi.ma_gso IS 'Mã đơn vị hành chính của Tổng cục Thống kê; chỉ đúng trong khoảng hiệu lực.';
COMMENT ON COLUMN mart.don_vi.ma_dinh_danh IS 'Mã định danh điện tử chính thức; NULL khi chưa biết.';
COMMENT ON COLUMN mart.don_vi.ma_don_vi_ke_thua IS
'Đơn vị kế thừa khi hết hiệu lực; hồ sơ chưa xong chuyển sang đơn vị này.';
COMMENT ON COLUMN mart.don_vi.theo_doi IS 'Có chờ số liệu của đơn vị không; FALSE: chưa nguồn nào báo cáo.';
COMMENT ON COLUMN mart.don_vi.da_kiem_chung IS
'TRUE: đã đối chiếu với văn bản, nguồn công khai; FALSE: giả định, hoặc chỉ hệ thống nguồn cho biết.';
COMMENT ON COLUMN mart.don_vi.nguon IS 'Căn cứ của dòng; NULL: hệ thống nguồn cho biết.';
GRANT SELECT ON mart.don_vi TO cchc_bi, cchc_steward, cchc_don_vi;
