CREATE VIEW core.trang_thai WITH (security_invoker = on) AS
SELECT
    t.ma::smallint AS trang_thai_ho_so,
    t.ten
FROM (
    VALUES
    (1, 'Mới đăng ký'),
    (2, 'Được tiếp nhận'),
    (3, 'Không được tiếp nhận'),
    (4, 'Đang xử lý'),
    (5, 'Yêu cầu bổ sung giấy tờ'),
    (6, 'Yêu cầu thực hiện nghĩa vụ tài chính'),
    (7, 'Công dân yêu cầu rút hồ sơ'),
    (8, 'Dừng xử lý'),
    (9, 'Đã xử lý xong'),
    (10, 'Đã trả kết quả')
) AS t (ma, ten);
COMMENT ON VIEW core.trang_thai IS 'Một dòng = một trạng thái hồ sơ theo chuẩn đồng bộ quốc gia.';
GRANT SELECT ON core.trang_thai TO cchc_don_vi;
