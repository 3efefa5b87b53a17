CREATE VIEW mart.chi_so_day_du WITH (security_invoker = on) AS
SELECT
    c.ky_loai,
    CASE c.ky_loai
        WHEN 'thang' THEN 'Tháng'
        WHEN 'quy' THEN 'Quý'
        WHEN 'nua_nam' THEN 'Nửa năm'
        WHEN 'nam' THEN 'Năm'
        WHEN 'luy_ke' THEN 'Luỹ kế từ đầu năm'
        ELSE 'Kỳ báo cáo (từ ngày 15 đến ngày 14)'
    END AS ten_ky_loai,
    c.ky,
    c.tu_ngay,
    c.den_ngay,
    c.ma_chi_so,
    c.phien_ban,
    dn.ten AS ten_chi_so,
    dn.chi_tieu,
    dn.loai,
    CASE dn.loai WHEN 'ty_le' THEN '%' WHEN 'diem' THEN 'điểm' ELSE 'số' END AS don_vi_tinh,
    dn.chieu,
    dn.thu_tu,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    CASE c.cap
        WHEN 'so_nganh' THEN 'Sở, ngành' WHEN 'huyen' THEN 'Huyện' WHEN 'xa' THEN 'Xã, phường' ELSE 'Toàn tỉnh'
    END AS ten_cap,
    c.ma_don_vi = core.ma_tong(c.cap) AS la_dong_tong,
    c.tu_so,
    c.mau_so,
    c.gia_tri,
    c.ly_do_na,
    c.muc_tieu,
    c.cach_muc_tieu,
    c.dat,
    CASE
        WHEN c.gia_tri IS NULL THEN 'Không có giá trị'
        WHEN c.muc_tieu IS NULL THEN 'Không có chỉ tiêu'
        WHEN c.dat THEN 'Đạt'
        ELSE 'Chưa đạt'
    END AS ket_qua,
    c.ky_truoc,
    c.gia_tri_ky_truoc,
    c.so_ky_truoc,
    c.ky_nam_truoc,
    c.gia_tri_nam_truoc,
    c.so_nam_truoc,
    c.hang,
    c.so_don_vi_xep_hang,
    c.trang_thai,
    c.revision,
    -- Tools show a moment with a zone by their own clock, most of them by that of UTC.
    c.as_of AT TIME ZONE 'Asia/Ho_Chi_Minh' AS as_of,
    dl.du_lieu_den
FROM core.chi_so_so_sanh AS c
INNER JOIN mart.dinh_nghia AS dn ON c.ma_chi_so = dn.ma_chi_so AND c.phien_ban = dn.phien_ban
LEFT JOIN mart.ban_cong_bo AS b
    ON c.ky_loai = b.ky_loai AND c.ky = b.ky AND c.trang_thai = b.trang_thai AND b.thay_boi IS NULL
LEFT JOIN core.du_lieu_den AS dl
    ON c.ma_chi_so = dl.ma_chi_so AND coalesce(b.so_cai, 0) = dl.so_cai;
COMMENT ON VIEW mart.chi_so_day_du IS
'Một dòng = một con số của mart.chi_so kèm tên, đơn vị tính, so sánh, hạng: công cụ BI không phải ghép bảng.
Luôn lọc ky_loai, và lọc la_dong_tong: cộng dòng của nhiều loại kỳ, hay dòng tổng với đơn vị, là đếm hai lần.';
COMMENT ON COLUMN mart.chi_so_day_du.ky_loai IS
'Loại kỳ, phải lọc: thang, quy, nua_nam, nam, luy_ke, ky_bao_cao; xem mart.ky.';
COMMENT ON COLUMN mart.chi_so_day_du.ten_ky_loai IS 'Loại kỳ bằng chữ.';
COMMENT ON COLUMN mart.chi_so_day_du.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';
COMMENT ON COLUMN mart.chi_so_day_du.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.chi_so_day_du.den_ngay IS 'Ngày cuối kỳ, tính cả ngày này.';
COMMENT ON COLUMN mart.chi_so_day_du.ma_chi_so IS 'Mã chỉ số, xem mart.dinh_nghia.';
COMMENT ON COLUMN mart.chi_so_day_du.phien_ban IS 'Phiên bản của định nghĩa đã dùng.';
COMMENT ON COLUMN mart.chi_so_day_du.ten_chi_so IS 'Tên chỉ số.';
COMMENT ON COLUMN mart.chi_so_day_du.chi_tieu IS 'Mã chỉ tiêu trong kế hoạch (T1…T17), NULL nếu là số liệu nền.';
COMMENT ON COLUMN mart.chi_so_day_du.loai IS 'ty_le: tỷ lệ phần trăm; dem: số đếm; diem: điểm.';
COMMENT ON COLUMN mart.chi_so_day_du.don_vi_tinh IS 'Đơn vị tính của gia_tri, muc_tieu: %, số, điểm.';
COMMENT ON COLUMN mart.chi_so_day_du.chieu IS 'tang: cao là tốt; giam: thấp là tốt; NULL: không so chỉ tiêu.';
COMMENT ON COLUMN mart.chi_so_day_du.thu_tu IS 'Thứ tự hiển thị.';
COMMENT ON COLUMN mart.chi_so_day_du.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>, xem mart.danh_muc_don_vi.';
COMMENT ON COLUMN mart.chi_so_day_du.ten_don_vi IS 'Tên đơn vị vào ngày cuối kỳ.';
COMMENT ON COLUMN mart.chi_so_day_du.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.chi_so_day_du.ten_cap IS 'Cấp bằng chữ.';
COMMENT ON COLUMN mart.chi_so_day_du.la_dong_tong IS 'TRUE: dòng của cả một cấp hoặc toàn tỉnh; FALSE: của một đơn vị.';
COMMENT ON COLUMN mart.chi_so_day_du.tu_so IS 'Tử số; với số đếm là chính số đếm.';
COMMENT ON COLUMN mart.chi_so_day_du.mau_so IS 'Mẫu số; NULL với số đếm.';
COMMENT ON COLUMN mart.chi_so_day_du.gia_tri IS 'Giá trị; không bao giờ cộng hay lấy trung bình: dùng dòng tổng.';
COMMENT ON COLUMN mart.chi_so_day_du.ly_do_na IS 'Vì sao gia_tri trống.';
COMMENT ON COLUMN mart.chi_so_day_du.muc_tieu IS 'Chỉ tiêu áp dụng cho cấp này vào ngày cuối kỳ.';
COMMENT ON COLUMN mart.chi_so_day_du.cach_muc_tieu IS
'Vượt (dương) hay còn thiếu (âm) so với chỉ tiêu, theo chiều của chỉ số.';
COMMENT ON COLUMN mart.chi_so_day_du.dat IS
'Đạt chỉ tiêu hay không; NULL khi không có chỉ tiêu hoặc không có giá trị.';
COMMENT ON COLUMN mart.chi_so_day_du.ket_qua IS 'Đạt, Chưa đạt, Không có chỉ tiêu, Không có giá trị.';
COMMENT ON COLUMN mart.chi_so_day_du.ky_truoc IS 'Kỳ liền trước, xem mart.so_sanh.';
COMMENT ON COLUMN mart.chi_so_day_du.gia_tri_ky_truoc IS 'Giá trị của kỳ trước ở cùng mã đơn vị.';
COMMENT ON COLUMN mart.chi_so_day_du.so_ky_truoc IS 'Tăng, giảm so với kỳ trước (điểm phần trăm, số hoặc điểm).';
COMMENT ON COLUMN mart.chi_so_day_du.ky_nam_truoc IS 'Cùng kỳ năm trước.';
COMMENT ON COLUMN mart.chi_so_day_du.gia_tri_nam_truoc IS 'Giá trị cùng kỳ năm trước.';
COMMENT ON COLUMN mart.chi_so_day_du.so_nam_truoc IS 'Tăng, giảm so với cùng kỳ năm trước.';
COMMENT ON COLUMN mart.chi_so_day_du.hang IS
'Hạng trong cấp, 1 là tốt nhất; NULL với dòng tổng và khi không có giá trị.';
COMMENT ON COLUMN mart.chi_so_day_du.so_don_vi_xep_hang IS 'Số đơn vị của cấp có giá trị.';
COMMENT ON COLUMN mart.chi_so_day_du.trang_thai IS 'tam_tinh: còn có thể đổi; da_chot: đã chốt.';
COMMENT ON COLUMN mart.chi_so_day_du.revision IS '0 khi tạm tính; tăng 1 mỗi lần công bố lại sau khi chốt.';
COMMENT ON COLUMN mart.chi_so_day_du.as_of IS
'Thay đổi mới nhất ở nguồn đã phản ánh trong kỳ, giờ Việt Nam; không phải giờ chạy máy.';
COMMENT ON COLUMN mart.chi_so_day_du.du_lieu_den IS
'Dữ liệu biết đến lúc nào, giờ Việt Nam: của nguồn biết ít nhất; đã chốt: như lúc công bố. NULL: có nguồn chưa nạp gì.';
GRANT SELECT ON mart.chi_so_day_du TO cchc_bi, cchc_steward, cchc_don_vi;
