-- With the owner's rights, since core.dong_loi looks at the lines of all units; a unit sees its own only.
CREATE VIEW mart.dong_loi WITH (security_barrier = on) AS
SELECT
    d.dataset,
    d.muc_do,
    d.rule_id,
    d.ly_do,
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    d.khoa,
    d.bi_loai,
    d.batch_id,
    d.xuat_luc,
    d.ten_tep,
    d.line_no
FROM core.dong_loi AS d
WHERE
    (SELECT core.xem_moi_don_vi())
    OR d.ma_don_vi = ANY(coalesce((SELECT core.don_vi_cua_toi()), '{}'));
COMMENT ON VIEW mart.dong_loi IS
'Một dòng = một dòng của tệp vi phạm một quy tắc và chưa được sửa: bị loại, hoặc đã nạp kèm cảnh báo.';
COMMENT ON COLUMN mart.dong_loi.dataset IS 'Bộ dữ liệu: ho_so, tthc, don_vi…';
COMMENT ON COLUMN mart.dong_loi.muc_do IS 'Mức của quy tắc: loai (dòng không được nạp) hoặc canh_bao.';
COMMENT ON COLUMN mart.dong_loi.rule_id IS 'Mã quy tắc trong expectations/.';
COMMENT ON COLUMN mart.dong_loi.ly_do IS 'Vì sao là lỗi.';
COMMENT ON COLUMN mart.dong_loi.ma_don_vi IS
'Mã đơn vị trả lời hiện nay; KHONG_RO khi dòng không ứng với đơn vị nào.';
COMMENT ON COLUMN mart.dong_loi.ten_don_vi IS 'Tên đơn vị, hoặc "Không rõ đơn vị".';
COMMENT ON COLUMN mart.dong_loi.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa; NULL khi không rõ.';
COMMENT ON COLUMN mart.dong_loi.khoa IS
'Mã hồ sơ, mã thủ tục hoặc mã đơn vị của dòng; NULL khi thiếu hoặc có phần không phải là mã.';
COMMENT ON COLUMN mart.dong_loi.bi_loai IS 'Dòng có bị loại không; dòng bị loại còn mang cả các cảnh báo của nó.';
COMMENT ON COLUMN mart.dong_loi.batch_id IS 'Lô mang dòng này về.';
COMMENT ON COLUMN mart.dong_loi.xuat_luc IS 'Thời điểm lô được xuất ở nguồn.';
COMMENT ON COLUMN mart.dong_loi.ten_tep IS 'Tên tệp của lô.';
COMMENT ON COLUMN mart.dong_loi.line_no IS 'Số thứ tự dòng trong tệp.';
GRANT SELECT ON mart.dong_loi TO cchc_steward, cchc_don_vi;
