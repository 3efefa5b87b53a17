CREATE VIEW mart.ho_so_sap_den_han WITH (security_invoker = on) AS
WITH moc AS MATERIALIZED (
    SELECT
        core.cong_gio_lam_viec(t.tinh_den, 24) AS den,
        (SELECT max(l.ngay) FROM core.lich AS l) AS lich_den
    FROM core.tinh_den AS t
    WHERE t.dataset = 'ho_so'
)

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
    greatest(round(core.phut_lam_viec(h.tinh_den, h.ngay_hen_tra) / 60, 2), 0) AS so_gio_lam_viec_con_lai,
    h.trang_thai_ho_so,
    h.trang_thai,
    h.batch_id,
    h.ten_tep,
    h.line_no
FROM core.ho_so_dang_mo AS h
CROSS JOIN moc
WHERE
    h.ngay_hen_tra::date >= h.tinh_den::date
    AND (
        h.ngay_hen_tra <= moc.den
        -- Due after the office has closed and before it opens again: nobody works in between.
        OR (h.ngay_hen_tra::date <= moc.lich_den AND core.phut_lam_viec(moc.den, h.ngay_hen_tra) = 0)
    );
COMMENT ON VIEW mart.ho_so_sap_den_han IS
'Một dòng = một hồ sơ còn mở, chưa quá hạn, đến hạn trong 24 giờ làm việc (3 ngày × 8 giờ) sau tinh_den.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.tinh_den IS 'Thời điểm cuối cùng mà nguồn cho biết, không phải giờ chạy máy.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ma_don_vi IS
'Mã đơn vị trả lời vào ngày của tinh_den: đơn vị giải quyết, hoặc đơn vị kế thừa nó.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ten_don_vi IS 'Tên đơn vị vào ngày đó.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ma_ho_so IS 'Mã hồ sơ.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ma_tthc IS 'Mã thủ tục như nguồn ghi.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ten_tthc IS 'Tên thủ tục; NULL khi danh mục không có.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ngay_tiep_nhan IS 'Thời điểm tiếp nhận.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ngay_hen_tra IS 'Ngày hẹn trả mà nguồn ghi, không tính lại.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.so_gio_lam_viec_con_lai IS
'Số giờ làm việc từ tinh_den đến giờ hẹn trả theo core.lich; 0 khi giờ hẹn đã qua mà ngày hẹn chưa hết.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.trang_thai_ho_so IS
'Mã trạng thái; 9, 10 ở đây là hồ sơ thiếu ngày kết thúc.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.trang_thai IS 'Trạng thái bằng chữ.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.batch_id IS 'Lô đã mang trạng thái này về.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ten_tep IS 'Tên tệp của lô.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.line_no IS 'Số thứ tự dòng trong tệp.';
GRANT SELECT ON mart.ho_so_sap_den_han TO cchc_steward, cchc_don_vi;
