-- With the owner's rights: of ops.batch it shows times and sums of lines per dataset and nothing else.
CREATE VIEW mart.tinh_trang_nguon AS
SELECT
    dataset,
    max(extracted_at) FILTER (WHERE status = 'loaded') AS tinh_den,
    -- Tools show a moment with a zone by their own clock, most of them by that of UTC.
    max(loaded_at) AT TIME ZONE 'Asia/Ho_Chi_Minh' AS nap_luc,
    count(*) FILTER (WHERE status = 'loaded') AS so_lo_da_nap,
    count(*) FILTER (WHERE status = 'stopped' OR judgement = 'stopped') AS so_lo_bi_dung,
    coalesce(sum(lines_read) FILTER (WHERE status = 'loaded'), 0)::bigint AS so_dong_doc,
    coalesce(sum(lines_accepted) FILTER (WHERE status = 'loaded'), 0)::bigint AS so_dong_nhan,
    coalesce(sum(lines_rejected) FILTER (WHERE status = 'loaded'), 0)::bigint AS so_dong_bi_loai,
    coalesce(sum(lines_superseded) FILTER (WHERE status = 'loaded'), 0)::bigint AS so_dong_cu_hon
FROM ops.batch
GROUP BY dataset;
COMMENT ON VIEW mart.tinh_trang_nguon IS
'Một dòng = một bộ dữ liệu: biết đến lúc nào, nạp lúc nào, bao nhiêu lô, bao nhiêu dòng đọc, nhận, loại.';
COMMENT ON COLUMN mart.tinh_trang_nguon.dataset IS 'Bộ dữ liệu: ho_so, tthc, don_vi…';
COMMENT ON COLUMN mart.tinh_trang_nguon.tinh_den IS
'Thời điểm cuối cùng mà nguồn cho biết, giờ Việt Nam, không phải giờ chạy máy; NULL khi chưa nạp lô nào.';
COMMENT ON COLUMN mart.tinh_trang_nguon.nap_luc IS 'Lúc nạp xong lô gần nhất, giờ Việt Nam.';
COMMENT ON COLUMN mart.tinh_trang_nguon.so_lo_da_nap IS 'Số lô đã nạp.';
COMMENT ON COLUMN mart.tinh_trang_nguon.so_lo_bi_dung IS
'Số lô mà lần kiểm tra gần nhất bắt dừng, chờ người xử lý; có thể gồm lô đã nạp từ trước.';
COMMENT ON COLUMN mart.tinh_trang_nguon.so_dong_doc IS 'Số dòng đã đọc của các lô đã nạp: bằng tổng ba cột sau.';
COMMENT ON COLUMN mart.tinh_trang_nguon.so_dong_nhan IS 'Số dòng đã nhận.';
COMMENT ON COLUMN mart.tinh_trang_nguon.so_dong_bi_loai IS
'Số dòng bị loại khi nạp, kể cả dòng mà lô sau đã sửa; chưa sửa: mart.loi_du_lieu.';
COMMENT ON COLUMN mart.tinh_trang_nguon.so_dong_cu_hon IS 'Số dòng bỏ qua vì đã có trạng thái mới hơn.';
GRANT SELECT ON mart.tinh_trang_nguon TO cchc_bi, cchc_steward, cchc_don_vi;
