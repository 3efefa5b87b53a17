CREATE VIEW mart.chi_so_lich_su WITH (security_invoker = on) AS
SELECT
    c.*,
    s.luc AS valid_from,
    coalesce(
        lead(s.luc) OVER (PARTITION BY c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi ORDER BY c.so_cai), 'infinity'
    ) AS valid_to
FROM mart.con_so_cong_bo AS c
INNER JOIN ops.so_cai AS s ON c.so_cai = s.so;
COMMENT ON VIEW mart.chi_so_lich_su IS
'Một dòng = một con số của một bản đã công bố và khoảng thời gian bản ấy là bản đang dùng: mọi bản '
'(include_history của SDMX).';
COMMENT ON COLUMN mart.chi_so_lich_su.ky_loai IS
'thang, quy, nua_nam, nam: theo lịch; luy_ke: từ đầu năm đến hết tháng ghi ở ky; ky_bao_cao: từ ngày 15 đến ngày 14.';
COMMENT ON COLUMN mart.chi_so_lich_su.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';
COMMENT ON COLUMN mart.chi_so_lich_su.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.chi_so_lich_su.den_ngay IS 'Ngày cuối kỳ, tính cả ngày này.';
COMMENT ON COLUMN mart.chi_so_lich_su.ma_chi_so IS 'Mã chỉ số, xem mart.dinh_nghia.';
COMMENT ON COLUMN mart.chi_so_lich_su.phien_ban IS 'Phiên bản của định nghĩa đã dùng.';
COMMENT ON COLUMN mart.chi_so_lich_su.ma_don_vi IS
'Mã đơn vị giải quyết, hiệu lực vào ngày cuối kỳ; TONG:<cap> là dòng tổng của cấp, TONG:toan_tinh là toàn tỉnh.';
COMMENT ON COLUMN mart.chi_so_lich_su.ten_don_vi IS 'Tên đơn vị vào ngày cuối kỳ.';
COMMENT ON COLUMN mart.chi_so_lich_su.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.chi_so_lich_su.tu_so IS 'Tử số; với số đếm là chính số đếm.';
COMMENT ON COLUMN mart.chi_so_lich_su.mau_so IS 'Mẫu số; NULL với số đếm.';
COMMENT ON COLUMN mart.chi_so_lich_su.gia_tri IS
'100 × tu_so / mau_so, 2 chữ số thập phân; với số đếm bằng tu_so; NULL khi mau_so = 0.';
COMMENT ON COLUMN mart.chi_so_lich_su.ly_do_na IS 'Vì sao gia_tri trống.';
COMMENT ON COLUMN mart.chi_so_lich_su.muc_tieu IS 'Chỉ tiêu áp dụng cho cấp này vào ngày cuối kỳ.';
COMMENT ON COLUMN mart.chi_so_lich_su.dat IS
'Đạt chỉ tiêu hay không; NULL khi không có chỉ tiêu hoặc không có giá trị.';
COMMENT ON COLUMN mart.chi_so_lich_su.trang_thai IS 'tam_tinh: còn có thể đổi; da_chot: đã chốt.';
COMMENT ON COLUMN mart.chi_so_lich_su.revision IS '0 khi tạm tính; tăng 1 mỗi lần công bố lại sau khi chốt.';
COMMENT ON COLUMN mart.chi_so_lich_su.as_of IS
'Thay đổi mới nhất ở nguồn đã phản ánh trong kỳ; không phải giờ chạy máy.';
COMMENT ON COLUMN mart.chi_so_lich_su.so_cai IS 'Dòng sổ (ops.so_cai) đã công bố.';
COMMENT ON COLUMN mart.chi_so_lich_su.ma_bam_dong IS
'SHA-256 của các dòng đứng sau con số; NULL: không đếm từ dòng nào.';
COMMENT ON COLUMN mart.chi_so_lich_su.valid_from IS
'Lúc công bố bản này; lọc valid_from > một thời điểm: những gì mới từ đó (updated_after).';
COMMENT ON COLUMN mart.chi_so_lich_su.valid_to IS 'Lúc bản sau thay bản này; infinity: đang dùng.';
GRANT SELECT ON mart.chi_so_lich_su TO cchc_bi, cchc_steward, cchc_don_vi;
