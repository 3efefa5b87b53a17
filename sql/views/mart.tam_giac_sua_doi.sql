CREATE VIEW mart.tam_giac_sua_doi WITH (security_invoker = on) AS
SELECT
    c.ky_loai,
    c.ky,
    c.ma_chi_so,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.revision,
    s.luc AS cong_bo_luc,
    dau.luc AS lan_dau_luc,
    extract(DAY FROM s.luc - dau.luc)::integer AS so_ngay,
    dau.gia_tri AS gia_tri_dau,
    c.gia_tri,
    c.gia_tri - dau.gia_tri AS sua_doi
FROM mart.con_so_cong_bo AS c
INNER JOIN ops.so_cai AS s ON c.so_cai = s.so
INNER JOIN
    LATERAL (
        SELECT
            d.gia_tri,
            sd.luc
        FROM mart.con_so_cong_bo AS d
        INNER JOIN ops.so_cai AS sd ON d.so_cai = sd.so
        WHERE
            d.ky_loai = c.ky_loai AND d.ky = c.ky AND d.ma_chi_so = c.ma_chi_so AND d.ma_don_vi = c.ma_don_vi
            AND d.trang_thai = 'da_chot'
        ORDER BY d.so_cai ASC
        LIMIT 1
    ) AS dau
    ON TRUE
WHERE c.trang_thai = 'da_chot';
COMMENT ON VIEW mart.tam_giac_sua_doi IS
'Một dòng = một bản của một con số so với bản đầu: tam giác sửa đổi. Bản đầu có revision 0 và sua_doi 0.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.ky_loai IS 'Loại kỳ, phải lọc; xem mart.ky.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.ky IS 'Kỳ.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.ma_chi_so IS 'Chỉ số.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.ma_don_vi IS 'Đơn vị hoặc dòng tổng.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.ten_don_vi IS 'Tên đơn vị ở bản này.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.cap IS 'Cấp.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.revision IS 'Bản: 0 là bản đầu.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.cong_bo_luc IS 'Lúc công bố bản này.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.lan_dau_luc IS 'Lúc công bố bản đầu.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.so_ngay IS 'Số ngày từ bản đầu.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.gia_tri_dau IS 'Giá trị của bản đầu: tỷ lệ, hoặc số đếm.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.gia_tri IS 'Giá trị của bản này.';
COMMENT ON COLUMN mart.tam_giac_sua_doi.sua_doi IS 'Bản này trừ bản đầu; NULL khi một trong hai không có giá trị.';
GRANT SELECT ON mart.tam_giac_sua_doi TO cchc_bi, cchc_steward, cchc_don_vi;
