-- With the owner's rights: numbers of lines per unit and rule are for everybody, the lines are not.
CREATE VIEW mart.loi_du_lieu AS
SELECT
    dataset,
    muc_do,
    rule_id,
    ma_don_vi,
    ten_don_vi,
    cap,
    min(ly_do) AS ly_do,
    count(*) AS so_dong,
    count(*) FILTER (WHERE bi_loai) AS so_dong_bi_loai,
    max(batch_id) AS batch_id_moi_nhat,
    max(xuat_luc) AS xuat_luc_moi_nhat
FROM core.dong_loi
GROUP BY dataset, muc_do, rule_id, ma_don_vi, ten_don_vi, cap;
COMMENT ON VIEW mart.loi_du_lieu IS
'Một dòng = số dòng lỗi chưa sửa của một đơn vị theo một quy tắc; từng dòng lỗi ở mart.dong_loi.';
COMMENT ON COLUMN mart.loi_du_lieu.dataset IS 'Bộ dữ liệu: ho_so, tthc, don_vi…';
COMMENT ON COLUMN mart.loi_du_lieu.muc_do IS 'Mức của quy tắc: loai (dòng không được nạp) hoặc canh_bao.';
COMMENT ON COLUMN mart.loi_du_lieu.rule_id IS 'Mã quy tắc trong expectations/.';
COMMENT ON COLUMN mart.loi_du_lieu.ma_don_vi IS
'Mã đơn vị trả lời hiện nay; KHONG_RO khi dòng không ứng với đơn vị nào.';
COMMENT ON COLUMN mart.loi_du_lieu.ten_don_vi IS 'Tên đơn vị, hoặc "Không rõ đơn vị".';
COMMENT ON COLUMN mart.loi_du_lieu.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa; NULL khi không rõ.';
COMMENT ON COLUMN mart.loi_du_lieu.ly_do IS 'Vì sao là lỗi.';
COMMENT ON COLUMN mart.loi_du_lieu.so_dong IS 'Số dòng; một dòng phạm hai quy tắc thì đếm ở cả hai.';
COMMENT ON COLUMN mart.loi_du_lieu.so_dong_bi_loai IS 'Trong đó số dòng không được nạp.';
COMMENT ON COLUMN mart.loi_du_lieu.batch_id_moi_nhat IS 'Lô mới nhất có lỗi này.';
COMMENT ON COLUMN mart.loi_du_lieu.xuat_luc_moi_nhat IS 'Thời điểm xuất ở nguồn của lô mới nhất có lỗi này.';
GRANT SELECT ON mart.loi_du_lieu TO cchc_bi, cchc_steward, cchc_don_vi;
