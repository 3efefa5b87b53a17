CREATE VIEW mart.so_sanh WITH (security_invoker = on) AS
SELECT
    c.ky_loai,
    c.ky,
    c.tu_ngay,
    c.den_ngay,
    c.ma_chi_so,
    c.phien_ban,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.gia_tri,
    c.ky_truoc,
    c.gia_tri_ky_truoc,
    c.so_ky_truoc,
    c.ky_nam_truoc,
    c.gia_tri_nam_truoc,
    c.so_nam_truoc,
    c.muc_tieu,
    c.cach_muc_tieu,
    c.hang,
    c.so_don_vi_xep_hang
FROM core.chi_so_so_sanh AS c;
COMMENT ON VIEW mart.so_sanh IS
'Một dòng = một con số của mart.chi_so so với kỳ trước, cùng kỳ năm trước, chỉ tiêu, và hạng trong cấp.';
COMMENT ON COLUMN mart.so_sanh.ky_loai IS 'Loại kỳ, xem mart.ky.';
COMMENT ON COLUMN mart.so_sanh.ky IS 'Kỳ.';
COMMENT ON COLUMN mart.so_sanh.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.so_sanh.den_ngay IS 'Ngày cuối kỳ.';
COMMENT ON COLUMN mart.so_sanh.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN mart.so_sanh.phien_ban IS 'Phiên bản định nghĩa.';
COMMENT ON COLUMN mart.so_sanh.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>.';
COMMENT ON COLUMN mart.so_sanh.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.so_sanh.cap IS 'Cấp.';
COMMENT ON COLUMN mart.so_sanh.gia_tri IS 'Giá trị của kỳ.';
COMMENT ON COLUMN mart.so_sanh.ky_truoc IS
'Kỳ liền trước cùng loại và cùng độ dài; luỹ kế: đến hết tháng trước trong năm.';
COMMENT ON COLUMN mart.so_sanh.gia_tri_ky_truoc IS 'Giá trị của kỳ trước ở cùng mã đơn vị; NULL khi đơn vị chưa có.';
COMMENT ON COLUMN mart.so_sanh.so_ky_truoc IS 'Tăng, giảm so với kỳ trước (điểm phần trăm, số hoặc điểm).';
COMMENT ON COLUMN mart.so_sanh.ky_nam_truoc IS 'Cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.gia_tri_nam_truoc IS 'Giá trị cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.so_nam_truoc IS 'Tăng, giảm so với cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.muc_tieu IS 'Chỉ tiêu của cấp.';
COMMENT ON COLUMN mart.so_sanh.cach_muc_tieu IS
'Vượt (dương) hay còn thiếu (âm) so với chỉ tiêu, theo chiều của chỉ số.';
COMMENT ON COLUMN mart.so_sanh.hang IS
'Hạng trong cấp, 1 là tốt nhất; bằng nhau thì cùng hạng; NULL với dòng tổng và khi không có giá trị.';
COMMENT ON COLUMN mart.so_sanh.so_don_vi_xep_hang IS 'Số đơn vị của cấp có giá trị.';
GRANT SELECT ON mart.so_sanh TO cchc_bi, cchc_steward, cchc_don_vi;
