CREATE VIEW mart.ban_cong_bo WITH (security_invoker = on) AS
WITH ban AS (
    SELECT
        k.ky ->> 'ky_loai' AS ky_loai,
        k.ky ->> 'ky' AS ky,
        s.so AS so_cai,
        CASE s.loai WHEN 'tam_cong_bo' THEN 'tam_cong_bo' ELSE 'da_chot' END AS trang_thai,
        s.luc,
        s.ma_bam
    FROM ops.so_cai AS s
    CROSS JOIN LATERAL jsonb_array_elements(s.noi_dung -> 'ky') AS k (ky)
    WHERE s.loai IN ('chot', 'tam_cong_bo', 'dinh_chinh') AND s.noi_dung ? 'ky'
)

SELECT
    b.ky_loai,
    b.ky,
    b.so_cai,
    b.trang_thai,
    greatest(
        count(*) FILTER (WHERE b.trang_thai = 'da_chot') OVER (PARTITION BY b.ky_loai, b.ky ORDER BY b.so_cai) - 1, 0
    )::integer AS revision,
    b.luc,
    b.ma_bam,
    lead(b.so_cai) OVER (PARTITION BY b.ky_loai, b.ky ORDER BY b.so_cai) AS thay_boi,
    lead(b.luc) OVER (PARTITION BY b.ky_loai, b.ky ORDER BY b.so_cai) AS thay_luc
FROM ban AS b;
COMMENT ON VIEW mart.ban_cong_bo IS
'Một dòng = một bản đã công bố của một kỳ, với dòng sổ đã công bố và mã băm của dòng ấy; thay_boi trống: đang dùng.';
COMMENT ON COLUMN mart.ban_cong_bo.ky_loai IS 'Loại kỳ: thang, quy, nua_nam, nam, luy_ke, ky_bao_cao.';
COMMENT ON COLUMN mart.ban_cong_bo.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';
COMMENT ON COLUMN mart.ban_cong_bo.so_cai IS 'Số của dòng sổ (ops.so_cai) đã công bố bản này.';
COMMENT ON COLUMN mart.ban_cong_bo.trang_thai IS 'tam_cong_bo: công bố tạm, con số còn theo dữ liệu; da_chot: đã chốt.';
COMMENT ON COLUMN mart.ban_cong_bo.revision IS 'Lần sửa: 0 khi công bố tạm và chốt lần đầu, tăng 1 mỗi lần đính chính.';
COMMENT ON COLUMN mart.ban_cong_bo.luc IS 'Lúc công bố.';
COMMENT ON COLUMN mart.ban_cong_bo.ma_bam IS 'SHA-256 của dòng sổ, in trên biểu mẫu của bản này.';
COMMENT ON COLUMN mart.ban_cong_bo.thay_boi IS 'Dòng sổ của bản thay bản này; trống: đang dùng.';
COMMENT ON COLUMN mart.ban_cong_bo.thay_luc IS 'Lúc bị thay; trống: đang dùng.';
GRANT SELECT ON mart.ban_cong_bo TO cchc_bi, cchc_steward, cchc_don_vi;
