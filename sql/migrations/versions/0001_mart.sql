-- Schema mart: the tables that BI tools read. Every object and column carries a comment.
-- Run once by Alembic inside a transaction.

CREATE SCHEMA mart;
COMMENT ON SCHEMA mart IS 'Bảng chỉ số cải cách hành chính cho công cụ BI. Giao diện ổn định.';

CREATE TABLE mart.dinh_nghia (
    ma_chi_so text NOT NULL,
    phien_ban int NOT NULL,
    chi_tieu text,
    ten text NOT NULL,
    loai text NOT NULL CHECK (loai IN ('ty_le', 'dem')),
    chieu text CHECK (chieu IN ('tang', 'giam')),
    can_cu text NOT NULL,
    cach_tinh text NOT NULL,
    luu_y text NOT NULL,
    ly_do_na text,
    thu_tu int NOT NULL,
    PRIMARY KEY (ma_chi_so, phien_ban)
);
COMMENT ON TABLE mart.dinh_nghia IS 'Một dòng = một phiên bản định nghĩa chỉ số, lấy từ sql/indicators.';
COMMENT ON COLUMN mart.dinh_nghia.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN mart.dinh_nghia.phien_ban IS 'Phiên bản định nghĩa; đổi cách tính là tăng phiên bản.';
COMMENT ON COLUMN mart.dinh_nghia.chi_tieu IS 'Mã chỉ tiêu trong kế hoạch (T1…T17), NULL nếu là số liệu nền.';
COMMENT ON COLUMN mart.dinh_nghia.ten IS 'Tên chỉ số.';
COMMENT ON COLUMN mart.dinh_nghia.loai IS 'ty_le: tỷ lệ phần trăm; dem: số đếm.';
COMMENT ON COLUMN mart.dinh_nghia.chieu IS 'tang: cao là tốt; giam: thấp là tốt; NULL: không so chỉ tiêu.';
COMMENT ON COLUMN mart.dinh_nghia.can_cu IS 'Căn cứ: văn bản, điều khoản.';
COMMENT ON COLUMN mart.dinh_nghia.cach_tinh IS 'Cách tính bằng lời.';
COMMENT ON COLUMN mart.dinh_nghia.luu_y IS 'Lưu ý khi dùng con số.';
COMMENT ON COLUMN mart.dinh_nghia.ly_do_na IS 'Lý do ghi khi mẫu số bằng 0.';
COMMENT ON COLUMN mart.dinh_nghia.thu_tu IS 'Thứ tự hiển thị.';

CREATE TABLE mart.muc_tieu (
    ma_chi_so text NOT NULL,
    cap text NOT NULL CHECK (cap IN ('toan_tinh', 'so_nganh', 'huyen', 'xa')),
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date NOT NULL CHECK (hieu_luc_den >= hieu_luc_tu),
    muc_tieu numeric NOT NULL,
    nguon text NOT NULL,
    PRIMARY KEY (ma_chi_so, cap, hieu_luc_tu)
);
COMMENT ON TABLE mart.muc_tieu IS 'Một dòng = chỉ tiêu của một chỉ số cho một cấp trong một khoảng thời gian.';
COMMENT ON COLUMN mart.muc_tieu.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN mart.muc_tieu.cap IS 'Cấp áp dụng: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.muc_tieu.hieu_luc_tu IS 'Ngày bắt đầu áp dụng.';
COMMENT ON COLUMN mart.muc_tieu.hieu_luc_den IS 'Ngày cuối cùng áp dụng.';
COMMENT ON COLUMN mart.muc_tieu.muc_tieu IS 'Giá trị chỉ tiêu, cùng đơn vị với gia_tri.';
COMMENT ON COLUMN mart.muc_tieu.nguon IS 'Văn bản giao chỉ tiêu.';

CREATE TABLE mart.chi_so (
    ky_loai text NOT NULL CHECK (ky_loai IN ('thang', 'quy', 'nam', 'ky_bao_cao', 'luy_ke')),
    ky text NOT NULL,
    tu_ngay date NOT NULL,
    den_ngay date NOT NULL,
    ma_chi_so text NOT NULL,
    phien_ban int NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    ten_don_vi text NOT NULL,
    cap text NOT NULL CHECK (cap IN ('toan_tinh', 'so_nganh', 'huyen', 'xa')),
    tu_so bigint,
    mau_so bigint,
    gia_tri numeric,
    ly_do_na text,
    muc_tieu numeric,
    dat boolean,
    trang_thai text NOT NULL CHECK (trang_thai IN ('tam_tinh', 'da_chot')),
    revision int NOT NULL,
    as_of timestamptz NOT NULL,
    PRIMARY KEY (ky_loai, ky, ma_chi_so, ma_don_vi),
    FOREIGN KEY (ma_chi_so, phien_ban) REFERENCES mart.dinh_nghia,
    CHECK (tu_so >= 0),
    CHECK (mau_so >= 0),
    CONSTRAINT tu_so_khong_qua_mau_so CHECK (tu_so <= mau_so),
    CONSTRAINT khong_co_gia_tri_thi_co_ly_do CHECK ((gia_tri IS NULL) = (ly_do_na IS NOT NULL)),
    CONSTRAINT mau_so_khong_thi_khong_co_gia_tri CHECK (mau_so <> 0 OR gia_tri IS NULL),
    CONSTRAINT dat_can_muc_tieu CHECK ((dat IS NULL) = (muc_tieu IS NULL OR gia_tri IS NULL))
);
COMMENT ON TABLE mart.chi_so IS
'Một dòng = một chỉ số × kỳ × đơn vị; cấp và toàn tỉnh là các dòng riêng có mã bắt đầu bằng TONG:.';
COMMENT ON COLUMN mart.chi_so.ky_loai IS
'thang, quy, nam: theo lịch; ky_bao_cao: từ ngày 15 đến ngày 14; luy_ke: từ đầu năm đến hết tháng ghi ở ky.';
COMMENT ON COLUMN mart.chi_so.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025.';
COMMENT ON COLUMN mart.chi_so.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.chi_so.den_ngay IS 'Ngày cuối kỳ, tính cả ngày này.';
COMMENT ON COLUMN mart.chi_so.ma_chi_so IS 'Mã chỉ số, xem mart.dinh_nghia.';
COMMENT ON COLUMN mart.chi_so.phien_ban IS 'Phiên bản của định nghĩa đã dùng.';
COMMENT ON COLUMN mart.chi_so.ma_don_vi IS
'Mã đơn vị giải quyết, hiệu lực vào ngày cuối kỳ; TONG:<cap> là dòng tổng của cấp, TONG:toan_tinh là toàn tỉnh.';
COMMENT ON COLUMN mart.chi_so.ten_don_vi IS 'Tên đơn vị vào ngày cuối kỳ.';
COMMENT ON COLUMN mart.chi_so.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.chi_so.tu_so IS 'Tử số; với số đếm là chính số đếm.';
COMMENT ON COLUMN mart.chi_so.mau_so IS 'Mẫu số; NULL với số đếm.';
COMMENT ON COLUMN mart.chi_so.gia_tri IS
'100 × tu_so / mau_so, 2 chữ số thập phân; với số đếm bằng tu_so; NULL khi mau_so = 0.';
COMMENT ON COLUMN mart.chi_so.ly_do_na IS 'Vì sao gia_tri trống.';
COMMENT ON COLUMN mart.chi_so.muc_tieu IS 'Chỉ tiêu áp dụng cho cấp này vào ngày cuối kỳ.';
COMMENT ON COLUMN mart.chi_so.dat IS 'Đạt chỉ tiêu hay không; NULL khi không có chỉ tiêu hoặc không có giá trị.';
COMMENT ON COLUMN mart.chi_so.trang_thai IS 'tam_tinh: còn có thể đổi; da_chot: đã chốt.';
COMMENT ON COLUMN mart.chi_so.revision IS '0 khi tạm tính; tăng 1 mỗi lần công bố lại sau khi chốt.';
COMMENT ON COLUMN mart.chi_so.as_of IS
'Thay đổi mới nhất ở nguồn đã phản ánh trong kỳ; không phải giờ chạy máy.';
CREATE INDEX chi_so_chi_so ON mart.chi_so (ma_chi_so, ky_loai, ky);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cchc_bi') THEN
        CREATE ROLE cchc_bi NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'Role cchc_bi is missing and this user may not create it: ask the administrator to run CREATE ROLE cchc_bi NOLOGIN, then migrate again';
END
$$;
GRANT USAGE ON SCHEMA mart TO cchc_bi;
GRANT SELECT ON ALL TABLES IN SCHEMA mart TO cchc_bi;
ALTER DEFAULT PRIVILEGES IN SCHEMA mart GRANT SELECT ON TABLES TO cchc_bi;
