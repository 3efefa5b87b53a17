CREATE VIEW ops.thang_chua_chot WITH (security_invoker = on) AS
SELECT
    h.loai,
    h.ky,
    h.den_ngay,
    h.cap,
    h.han
FROM core.han_nop AS h
INNER JOIN ops.period AS p ON h.ky = p.ky
INNER JOIN mart.ky AS k ON k.ky_loai = 'thang' AND h.ky = k.ky AND k.ly_do_na IS NULL
WHERE
    h.loai IN ('xac_nhan', 'chot')
    AND h.ky_loai = 'thang'
    AND h.han IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM ops.so_cai AS s
        WHERE s.loai = 'chot' AND s.ky = h.ky
    );
COMMENT ON VIEW ops.thang_chua_chot IS
'Một dòng = hạn xác nhận hoặc hạn chốt của một tháng có dữ liệu, đã tính, chưa chốt; đã chốt thì không còn phải xác '
'nhận.';
COMMENT ON COLUMN ops.thang_chua_chot.loai IS 'xac_nhan: đơn vị xác nhận; chot: tỉnh chốt.';
COMMENT ON COLUMN ops.thang_chua_chot.ky IS 'Tháng, 2025-03.';
COMMENT ON COLUMN ops.thang_chua_chot.den_ngay IS 'Ngày cuối tháng: đơn vị còn hiệu lực ngày ấy thì phải xác nhận.';
COMMENT ON COLUMN ops.thang_chua_chot.cap IS 'Các cấp phải xác nhận.';
COMMENT ON COLUMN ops.thang_chua_chot.han IS 'Ngày cuối cùng còn đúng hạn.';
