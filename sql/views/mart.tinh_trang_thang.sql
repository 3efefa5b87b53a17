-- With the owner's rights: of ops.period it shows when each month was counted and nothing else.
CREATE VIEW mart.tinh_trang_thang AS
SELECT
    p.ky,
    to_date(p.ky, 'YYYY-MM') AS tu_ngay,
    -- Tools show a moment with a zone by their own clock, most of them by that of UTC.
    p.refreshed_at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS tinh_luc,
    p.changed > p.refreshed AS cho_tinh,
    CASE WHEN p.changed > p.refreshed THEN 'Chờ tính lại' ELSE 'Đã tính' END AS tinh_trang
FROM ops.period AS p;
COMMENT ON VIEW mart.tinh_trang_thang IS
'Một dòng = một tháng có dữ liệu: con số tính lúc nào, và từ đó dữ liệu có đổi không.';
COMMENT ON COLUMN mart.tinh_trang_thang.ky IS 'Tháng, 2025-03.';
COMMENT ON COLUMN mart.tinh_trang_thang.tu_ngay IS 'Ngày đầu tháng.';
COMMENT ON COLUMN mart.tinh_trang_thang.tinh_luc IS 'Lúc tính gần nhất, giờ Việt Nam; NULL khi chưa tính.';
COMMENT ON COLUMN mart.tinh_trang_thang.cho_tinh IS
'TRUE: dữ liệu đã đổi sau lần tính gần nhất, con số của tháng sẽ được tính lại.';
COMMENT ON COLUMN mart.tinh_trang_thang.tinh_trang IS 'cho_tinh bằng chữ.';
GRANT SELECT ON mart.tinh_trang_thang TO cchc_bi, cchc_steward, cchc_don_vi;
