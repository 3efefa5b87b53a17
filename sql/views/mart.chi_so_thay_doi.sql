CREATE VIEW mart.chi_so_thay_doi WITH (security_invoker = on) AS
SELECT
    p.ky_loai,
    p.ky,
    p.ma_chi_so,
    p.ma_don_vi,
    coalesce(
        p.den_revision - 1,
        hien.revision,
        -- Of a figure that was not there: what the period had.
        (
            SELECT max(c.revision) FROM mart.chi_so AS c
            WHERE c.ky_loai = q.ky_loai AND c.ky = q.ky AND c.ma_don_vi = core.ma_tong('toan_tinh')
        )
    ) AS tu_revision,
    p.den_revision,
    truoc.tu_so AS tu_so_truoc,
    CASE WHEN p.den_revision IS NULL THEN cho.tu_so ELSE sau.tu_so END AS tu_so_sau,
    truoc.mau_so AS mau_so_truoc,
    CASE WHEN p.den_revision IS NULL THEN cho.mau_so ELSE sau.mau_so END AS mau_so_sau,
    truoc.gia_tri AS gia_tri_truoc,
    CASE WHEN p.den_revision IS NULL THEN cho.gia_tri ELSE sau.gia_tri END AS gia_tri_sau,
    p.nguyen_nhan,
    p.tu_so,
    p.mau_so,
    p.so_dong
FROM mart.phan_thay_doi AS p
-- Columns of another collation would find no row by an index.
CROSS JOIN
    LATERAL (
        SELECT
            p.ky_loai COLLATE "default" AS ky_loai,
            p.ky COLLATE "default" AS ky,
            p.ma_chi_so COLLATE "default" AS ma_chi_so
    ) AS q
LEFT JOIN mart.chi_so AS hien
    ON
        q.ky_loai = hien.ky_loai AND q.ky = hien.ky AND q.ma_chi_so = hien.ma_chi_so AND p.ma_don_vi = hien.ma_don_vi
LEFT JOIN mart.con_so_cong_bo AS truoc
    ON
        q.ky_loai = truoc.ky_loai
        AND q.ky = truoc.ky
        AND q.ma_chi_so = truoc.ma_chi_so
        AND p.ma_don_vi = truoc.ma_don_vi
        AND truoc.trang_thai = 'da_chot'
        AND truoc.revision = coalesce(p.den_revision - 1, hien.revision)
LEFT JOIN mart.con_so_cong_bo AS sau
    ON
        q.ky_loai = sau.ky_loai
        AND q.ky = sau.ky
        AND q.ma_chi_so = sau.ma_chi_so
        AND p.ma_don_vi = sau.ma_don_vi
        AND sau.trang_thai = 'da_chot'
        AND p.den_revision = sau.revision
LEFT JOIN mart.con_so_cho AS cho
    ON
        p.den_revision IS NULL
        AND q.ky_loai = cho.ky_loai
        AND q.ky = cho.ky
        AND q.ma_chi_so = cho.ma_chi_so
        AND p.ma_don_vi = cho.ma_don_vi;
COMMENT ON VIEW mart.chi_so_thay_doi IS
'Một dòng = phần của một nguyên nhân trong thay đổi của một con số giữa hai bản, hoặc giữa bản đang dùng và con '
'số chờ. Cộng tu_so của các dòng đúng bằng tu_so_sau - tu_so_truoc; mau_so cũng vậy.';
COMMENT ON COLUMN mart.chi_so_thay_doi.ky_loai IS
'thang, quy, nua_nam, nam: theo lịch; luy_ke: từ đầu năm đến hết tháng ghi ở ky; ky_bao_cao: từ ngày 15 đến ngày 14.';
COMMENT ON COLUMN mart.chi_so_thay_doi.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';
COMMENT ON COLUMN mart.chi_so_thay_doi.ma_chi_so IS 'Mã chỉ số, xem mart.dinh_nghia.';
COMMENT ON COLUMN mart.chi_so_thay_doi.ma_don_vi IS
'Mã đơn vị giải quyết, hiệu lực vào ngày cuối kỳ; TONG:<cap> là dòng tổng của cấp, TONG:toan_tinh là toàn tỉnh.';
COMMENT ON COLUMN mart.chi_so_thay_doi.tu_so_truoc IS 'Tử số của bản trước.';
COMMENT ON COLUMN mart.chi_so_thay_doi.tu_so_sau IS 'Tử số của bản sau, hoặc của con số chờ.';
COMMENT ON COLUMN mart.chi_so_thay_doi.mau_so_truoc IS 'Mẫu số của bản trước.';
COMMENT ON COLUMN mart.chi_so_thay_doi.mau_so_sau IS 'Mẫu số của bản sau, hoặc của con số chờ.';
COMMENT ON COLUMN mart.chi_so_thay_doi.gia_tri_truoc IS 'Giá trị của bản trước.';
COMMENT ON COLUMN mart.chi_so_thay_doi.gia_tri_sau IS 'Giá trị của bản sau, hoặc của con số chờ.';
COMMENT ON COLUMN mart.chi_so_thay_doi.tu_revision IS 'Bản trước.';
COMMENT ON COLUMN mart.chi_so_thay_doi.den_revision IS 'Bản sau; rỗng: con số đang chờ đính chính.';
COMMENT ON COLUMN mart.chi_so_thay_doi.nguyen_nhan IS 'Nguyên nhân, xem mart.phan_thay_doi.';
COMMENT ON COLUMN mart.chi_so_thay_doi.tu_so IS 'Phần của tử số.';
COMMENT ON COLUMN mart.chi_so_thay_doi.mau_so IS 'Phần của mẫu số.';
COMMENT ON COLUMN mart.chi_so_thay_doi.so_dong IS 'Số dòng (hồ sơ, văn bản, …) của phần này.';
GRANT SELECT ON mart.chi_so_thay_doi TO cchc_bi, cchc_steward, cchc_don_vi;
