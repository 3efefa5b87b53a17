CREATE VIEW mart.ho_so_qua_han WITH (security_invoker = on) AS
SELECT
    h.tinh_den,
    h.ma_don_vi,
    h.ten_don_vi,
    h.cap,
    h.ma_ho_so,
    h.ma_tthc,
    h.ten_tthc,
    h.ngay_tiep_nhan,
    h.ngay_hen_tra,
    -- A list does not fail for days that the calendar does not hold: their number is unknown.
    CASE
        WHEN h.ngay_hen_tra::date >= lich.tu AND h.tinh_den::date <= lich.den
            THEN core.so_ngay_lam_viec(h.ngay_hen_tra::date, h.tinh_den::date)
    END AS so_ngay_lam_viec_tre,
    h.trang_thai_ho_so,
    h.trang_thai,
    h.batch_id,
    h.ten_tep,
    h.line_no
FROM core.ho_so_dang_mo AS h
CROSS JOIN (
    SELECT
        min(ngay) AS tu,
        max(ngay) AS den
    FROM core.lich
) AS lich
-- What ends on the day it is due is in time, so it is late once that day is over.
WHERE h.ngay_hen_tra::date < h.tinh_den::date;
COMMENT ON VIEW mart.ho_so_qua_han IS
'Một dòng = một hồ sơ còn mở, không dừng, mà ngày hẹn trả đã qua vào lúc tinh_den.';
COMMENT ON COLUMN mart.ho_so_qua_han.tinh_den IS 'Thời điểm cuối cùng mà nguồn cho biết, không phải giờ chạy máy.';
COMMENT ON COLUMN mart.ho_so_qua_han.ma_don_vi IS
'Mã đơn vị trả lời vào ngày của tinh_den: đơn vị giải quyết, hoặc đơn vị kế thừa nó.';
COMMENT ON COLUMN mart.ho_so_qua_han.ten_don_vi IS 'Tên đơn vị vào ngày đó.';
COMMENT ON COLUMN mart.ho_so_qua_han.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.ho_so_qua_han.ma_ho_so IS 'Mã hồ sơ.';
COMMENT ON COLUMN mart.ho_so_qua_han.ma_tthc IS 'Mã thủ tục như nguồn ghi.';
COMMENT ON COLUMN mart.ho_so_qua_han.ten_tthc IS 'Tên thủ tục; NULL khi danh mục không có.';
COMMENT ON COLUMN mart.ho_so_qua_han.ngay_tiep_nhan IS 'Thời điểm tiếp nhận.';
COMMENT ON COLUMN mart.ho_so_qua_han.ngay_hen_tra IS 'Ngày hẹn trả mà nguồn ghi, không tính lại.';
COMMENT ON COLUMN mart.ho_so_qua_han.so_ngay_lam_viec_tre IS
'Số ngày làm việc từ sau ngày hẹn trả đến hết ngày của tinh_den; NULL khi lịch làm việc chưa khai các năm đó.';
COMMENT ON COLUMN mart.ho_so_qua_han.trang_thai_ho_so IS 'Mã trạng thái; 9, 10 ở đây là hồ sơ thiếu ngày kết thúc.';
COMMENT ON COLUMN mart.ho_so_qua_han.trang_thai IS 'Trạng thái bằng chữ.';
COMMENT ON COLUMN mart.ho_so_qua_han.batch_id IS 'Lô đã mang trạng thái này về.';
COMMENT ON COLUMN mart.ho_so_qua_han.ten_tep IS 'Tên tệp của lô.';
COMMENT ON COLUMN mart.ho_so_qua_han.line_no IS 'Số thứ tự dòng trong tệp.';
GRANT SELECT ON mart.ho_so_qua_han TO cchc_steward, cchc_don_vi;
