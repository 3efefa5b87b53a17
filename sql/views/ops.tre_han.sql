CREATE VIEW ops.tre_han WITH (security_invoker = on) AS
SELECT
    t.ma_phat_hien,
    t.loai,
    t.doi_tuong,
    t.ten,
    t.ky,
    t.tre_tu,
    t.thieu,
    t.viec_can_lam
FROM ops.tre_han_luc(now() AT TIME ZONE 'Asia/Ho_Chi_Minh') AS t;
COMMENT ON VIEW ops.tre_han IS
'Một dòng = một điều đang trễ: nguồn chưa có dữ liệu, tháng chưa đối chiếu, phiếu của một đơn vị chưa đủ, đơn vị chưa '
'xác nhận, tháng chưa chốt.';
COMMENT ON COLUMN ops.tre_han.ma_phat_hien IS 'Mã để cho im: ops.cho_im_lang; phiếu, xác nhận thì một mã cho cả tháng.';
COMMENT ON COLUMN ops.tre_han.loai IS 'du_lieu, doi_chieu, khai_bao, xac_nhan, chot.';
COMMENT ON COLUMN ops.tre_han.doi_tuong IS 'Bộ dữ liệu, hoặc mã đơn vị; NULL: việc của tỉnh.';
COMMENT ON COLUMN ops.tre_han.ten IS 'Tên bộ dữ liệu, hoặc tên đơn vị; NULL: việc của tỉnh.';
COMMENT ON COLUMN ops.tre_han.ky IS 'Tháng bị trễ, tháng đầu tiên khi có nhiều; NULL: chưa có gì bao giờ.';
COMMENT ON COLUMN ops.tre_han.tre_tu IS 'Trễ từ lúc nào, giờ Việt Nam; NULL: chưa có gì bao giờ.';
COMMENT ON COLUMN ops.tre_han.thieu IS
'Thiếu bao nhiêu: ngày (du_lieu), tháng (doi_chieu, chot), số liệu (khai_bao); xac_nhan: 1 của mỗi đơn vị, hoặc '
'số tháng khi chưa đơn vị nào xác nhận bao giờ.';
COMMENT ON COLUMN ops.tre_han.viec_can_lam IS 'Việc cần làm.';
