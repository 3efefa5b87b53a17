-- Schema mart: the tables that BI tools read. Every object and column carries a comment.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE SCHEMA mart;
COMMENT ON SCHEMA mart IS 'Bảng chỉ số cải cách hành chính cho công cụ BI. Giao diện ổn định.';

-- BI tools: the group reads mart, whatever will be added to it, and nothing else.
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
DO $$
BEGIN
    -- A database need not be open to everybody; its name is not known here.
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO cchc_bi', current_database());
END
$$;
GRANT USAGE ON SCHEMA mart TO cchc_bi;
ALTER DEFAULT PRIVILEGES IN SCHEMA mart GRANT SELECT ON TABLES TO cchc_bi;

-- Periods --------------------------------------------------------------------------------------

CREATE TABLE mart.ky (
    ky_loai text NOT NULL CHECK (ky_loai IN ('thang', 'quy', 'nua_nam', 'nam', 'ky_bao_cao', 'luy_ke')),
    ky text NOT NULL,
    tu_ngay date NOT NULL,
    den_ngay date NOT NULL CHECK (den_ngay >= tu_ngay),
    ly_do_na text,
    PRIMARY KEY (ky_loai, ky)
);
COMMENT ON TABLE mart.ky IS 'Một dòng = một kỳ thống kê và khoảng ngày của nó.';
COMMENT ON COLUMN mart.ky.ky_loai IS
'thang, quy, nua_nam, nam: theo lịch; luy_ke: từ đầu năm đến hết tháng ghi ở ky; ky_bao_cao: từ ngày 15 đến ngày 14.';
COMMENT ON COLUMN mart.ky.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';
COMMENT ON COLUMN mart.ky.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.ky.den_ngay IS 'Ngày cuối kỳ, tính cả ngày này.';
COMMENT ON COLUMN mart.ky.ly_do_na IS 'Vì sao kỳ này không có con số nào; NULL khi có.';

-- Indicators and their figures -----------------------------------------------------------------

CREATE TABLE mart.dinh_nghia (
    ma_chi_so text NOT NULL,
    phien_ban int NOT NULL,
    chi_tieu text,
    ten text NOT NULL,
    loai text NOT NULL CHECK (loai IN ('ty_le', 'dem', 'diem')),
    chieu text CHECK (chieu IN ('tang', 'giam')),
    can_cu text NOT NULL,
    cach_tinh text NOT NULL,
    luu_y text NOT NULL,
    ly_do_na text,
    thu_tu int NOT NULL,
    nguon text[] NOT NULL DEFAULT '{}',
    bien_the_cua text,
    khong_tinh_duoc text,
    PRIMARY KEY (ma_chi_so, phien_ban)
);
COMMENT ON TABLE mart.dinh_nghia IS 'Một dòng = một phiên bản định nghĩa chỉ số, lấy từ sql/indicators.';
COMMENT ON COLUMN mart.dinh_nghia.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN mart.dinh_nghia.phien_ban IS 'Phiên bản định nghĩa; đổi cách tính là tăng phiên bản.';
COMMENT ON COLUMN mart.dinh_nghia.chi_tieu IS 'Mã chỉ tiêu trong kế hoạch (T1…T17), NULL nếu là số liệu nền.';
COMMENT ON COLUMN mart.dinh_nghia.ten IS 'Tên chỉ số.';
COMMENT ON COLUMN mart.dinh_nghia.loai IS 'ty_le: tỷ lệ phần trăm; dem: số đếm; diem: điểm.';
COMMENT ON COLUMN mart.dinh_nghia.chieu IS 'tang: cao là tốt; giam: thấp là tốt; NULL: không so chỉ tiêu.';
COMMENT ON COLUMN mart.dinh_nghia.can_cu IS 'Căn cứ: văn bản, điều khoản.';
COMMENT ON COLUMN mart.dinh_nghia.cach_tinh IS 'Cách tính bằng lời.';
COMMENT ON COLUMN mart.dinh_nghia.luu_y IS 'Lưu ý khi dùng con số.';
COMMENT ON COLUMN mart.dinh_nghia.ly_do_na IS 'Lý do ghi khi mẫu số bằng 0.';
COMMENT ON COLUMN mart.dinh_nghia.thu_tu IS 'Thứ tự hiển thị.';
COMMENT ON COLUMN mart.dinh_nghia.nguon IS 'Những nguồn mà con số cần.';
COMMENT ON COLUMN mart.dinh_nghia.bien_the_cua IS
'NULL: cách đọc được công bố, có trong mart.chi_so; ngược lại: cách đọc khác, hỏi bằng mart.tinh_chi_so.';
COMMENT ON COLUMN mart.dinh_nghia.khong_tinh_duoc IS 'Vì sao chưa nguồn nào cho con số này; NULL khi có nguồn.';

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
    ky_loai text NOT NULL,
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
    FOREIGN KEY (ky_loai, ky) REFERENCES mart.ky,
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
'thang, quy, nua_nam, nam: theo lịch; luy_ke: từ đầu năm đến hết tháng ghi ở ky; ky_bao_cao: từ ngày 15 đến ngày 14.';
COMMENT ON COLUMN mart.chi_so.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';
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

-- Report II.06a ----------------------------------------------------------------------------------

CREATE TABLE mart.bieu_06a (
    ky_loai text NOT NULL,
    ky text NOT NULL,
    tu_ngay date NOT NULL,
    den_ngay date NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    ten_don_vi text NOT NULL,
    cap text NOT NULL CHECK (cap IN ('toan_tinh', 'so_nganh', 'huyen', 'xa')),
    ma_linh_vuc text COLLATE "C" NOT NULL,
    ten_linh_vuc text NOT NULL,
    cot_3 bigint NOT NULL,
    cot_4 bigint NOT NULL,
    cot_5 bigint NOT NULL,
    cot_6 bigint NOT NULL,
    cot_7 bigint NOT NULL,
    cot_8 bigint NOT NULL,
    cot_9 bigint NOT NULL,
    cot_10 bigint NOT NULL,
    cot_11 bigint NOT NULL,
    cot_12 bigint NOT NULL,
    cot_13 bigint NOT NULL,
    PRIMARY KEY (ky_loai, ky, ma_don_vi, ma_linh_vuc),
    FOREIGN KEY (ky_loai, ky) REFERENCES mart.ky,
    CONSTRAINT tiep_nhan_du CHECK (cot_3 = cot_4 + cot_5 + cot_6),
    CONSTRAINT da_giai_quyet_du CHECK (cot_7 = cot_8 + cot_9 + cot_10),
    CONSTRAINT dang_giai_quyet_du CHECK (cot_11 = cot_12 + cot_13),
    CONSTRAINT vao_bang_ra_cong_ton CHECK (cot_3 = cot_7 + cot_11)
);
COMMENT ON TABLE mart.bieu_06a IS
'Một dòng = biểu II.06a (TT 01/2020/TT-VPCP) của một đơn vị, cấp hoặc toàn tỉnh trong một kỳ, một lĩnh vực hoặc tất cả.
Cột 9 gồm cả hồ sơ trả lại, xin rút và không có ngày hẹn; cột 12 gồm cả hồ sơ chờ bổ sung, chờ nộp tiền, dừng xử lý.';
COMMENT ON COLUMN mart.bieu_06a.ky_loai IS 'Loại kỳ, xem mart.ky.';
COMMENT ON COLUMN mart.bieu_06a.ky IS 'Kỳ, xem mart.ky.';
COMMENT ON COLUMN mart.bieu_06a.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.bieu_06a.den_ngay IS 'Ngày cuối kỳ.';
COMMENT ON COLUMN mart.bieu_06a.ma_don_vi IS 'Mã đơn vị giải quyết vào ngày cuối kỳ; TONG:<cap> là dòng tổng.';
COMMENT ON COLUMN mart.bieu_06a.ten_don_vi IS 'Cột 2: tên đơn vị.';
COMMENT ON COLUMN mart.bieu_06a.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.bieu_06a.ma_linh_vuc IS 'Mã lĩnh vực; rỗng: mọi lĩnh vực; KHAC: nguồn không ghi lĩnh vực.';
COMMENT ON COLUMN mart.bieu_06a.ten_linh_vuc IS 'Tên lĩnh vực.';
COMMENT ON COLUMN mart.bieu_06a.cot_3 IS 'Cột 3: tiếp nhận, tổng số.';
COMMENT ON COLUMN mart.bieu_06a.cot_4 IS 'Cột 4: tiếp nhận trong kỳ, trực tuyến.';
COMMENT ON COLUMN mart.bieu_06a.cot_5 IS 'Cột 5: tiếp nhận trong kỳ, trực tiếp và dịch vụ bưu chính.';
COMMENT ON COLUMN mart.bieu_06a.cot_6 IS 'Cột 6: từ kỳ trước.';
COMMENT ON COLUMN mart.bieu_06a.cot_7 IS 'Cột 7: đã giải quyết, tổng số.';
COMMENT ON COLUMN mart.bieu_06a.cot_8 IS 'Cột 8: đã giải quyết, trước hạn.';
COMMENT ON COLUMN mart.bieu_06a.cot_9 IS 'Cột 9: đã giải quyết, đúng hạn.';
COMMENT ON COLUMN mart.bieu_06a.cot_10 IS 'Cột 10: đã giải quyết, quá hạn.';
COMMENT ON COLUMN mart.bieu_06a.cot_11 IS 'Cột 11: đang giải quyết, tổng số.';
COMMENT ON COLUMN mart.bieu_06a.cot_12 IS 'Cột 12: đang giải quyết, trong hạn.';
COMMENT ON COLUMN mart.bieu_06a.cot_13 IS 'Cột 13: đang giải quyết, quá hạn.';

-- QĐ 766 ---------------------------------------------------------------------------------------

CREATE TABLE mart.thang_diem_766 (
    ma text NOT NULL,
    nhom text NOT NULL,
    ten_nhom text NOT NULL,
    ten text NOT NULL,
    diem_toi_da numeric NOT NULL,
    nguong numeric,
    ma_chi_so text,
    ly_do_na text,
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date NOT NULL,
    da_kiem_chung boolean NOT NULL,
    nguon text NOT NULL,
    PRIMARY KEY (ma, hieu_luc_tu),
    CHECK ((ma_chi_so IS NULL) = (ly_do_na IS NOT NULL))
);
COMMENT ON TABLE mart.thang_diem_766 IS
'Một dòng = một chỉ số thành phần của QĐ 766 trong một khoảng hiệu lực: điểm tối đa, ngưỡng, lấy từ sql/reference.';
COMMENT ON COLUMN mart.thang_diem_766.ma IS 'Số của chỉ số thành phần.';
COMMENT ON COLUMN mart.thang_diem_766.nhom IS 'Số của nhóm, 1 đến 6.';
COMMENT ON COLUMN mart.thang_diem_766.ten_nhom IS 'Tên nhóm.';
COMMENT ON COLUMN mart.thang_diem_766.ten IS 'Tên chỉ số thành phần.';
COMMENT ON COLUMN mart.thang_diem_766.diem_toi_da IS 'Điểm tối đa.';
COMMENT ON COLUMN mart.thang_diem_766.nguong IS
'Tỷ lệ phần trăm đạt điểm tối đa; NULL: chưa biết, tính tuyến tính đến 100.';
COMMENT ON COLUMN mart.thang_diem_766.ma_chi_so IS 'Tỷ lệ dùng để chấm, xem mart.dinh_nghia; NULL: không tính được.';
COMMENT ON COLUMN mart.thang_diem_766.ly_do_na IS 'Vì sao không tính được từ các nguồn của kho.';
COMMENT ON COLUMN mart.thang_diem_766.hieu_luc_tu IS 'Ngày bắt đầu áp dụng.';
COMMENT ON COLUMN mart.thang_diem_766.hieu_luc_den IS 'Ngày cuối cùng áp dụng.';
COMMENT ON COLUMN mart.thang_diem_766.da_kiem_chung IS 'Đã đối chiếu với văn bản hay tài liệu của Cổng DVCQG.';
COMMENT ON COLUMN mart.thang_diem_766.nguon IS 'Nguồn của điểm tối đa và ngưỡng.';

CREATE TABLE mart.diem_766 (
    ky text NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    ten_don_vi text NOT NULL,
    cap text NOT NULL CHECK (cap IN ('toan_tinh', 'so_nganh', 'huyen', 'xa')),
    nhom text NOT NULL,
    ma text NOT NULL,
    ten text NOT NULL,
    tu_so bigint,
    mau_so bigint,
    ty_le numeric,
    nguong numeric,
    diem numeric,
    diem_toi_da numeric NOT NULL,
    diem_toi_da_ca_nhom numeric NOT NULL,
    ly_do_na text,
    PRIMARY KEY (ky, ma_don_vi, nhom, ma),
    CONSTRAINT diem_trong_khoang CHECK (diem BETWEEN 0 AND diem_toi_da),
    CONSTRAINT khong_co_diem_thi_co_ly_do CHECK ((diem IS NULL) = (ly_do_na IS NOT NULL))
);
COMMENT ON TABLE mart.diem_766 IS
'Một dòng = điểm QĐ 766 của một đơn vị, cấp, toàn tỉnh trong một tháng: chỉ số, nhóm (ma rỗng), tổng (nhom rỗng).';
COMMENT ON COLUMN mart.diem_766.ky IS 'Tháng, 2025-03.';
COMMENT ON COLUMN mart.diem_766.ma_don_vi IS 'Mã đơn vị vào ngày cuối tháng; TONG:<cap> là dòng tổng.';
COMMENT ON COLUMN mart.diem_766.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.diem_766.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.diem_766.nhom IS 'Số của nhóm, 1 đến 6; rỗng ở dòng tổng điểm.';
COMMENT ON COLUMN mart.diem_766.ma IS 'Số của chỉ số thành phần; rỗng ở dòng cộng của nhóm và dòng tổng.';
COMMENT ON COLUMN mart.diem_766.ten IS 'Tên chỉ số thành phần hoặc nhóm.';
COMMENT ON COLUMN mart.diem_766.tu_so IS 'Tử số của tỷ lệ.';
COMMENT ON COLUMN mart.diem_766.mau_so IS 'Mẫu số của tỷ lệ.';
COMMENT ON COLUMN mart.diem_766.ty_le IS 'Tỷ lệ phần trăm, 2 chữ số thập phân.';
COMMENT ON COLUMN mart.diem_766.nguong IS 'Tỷ lệ đạt điểm tối đa.';
COMMENT ON COLUMN mart.diem_766.diem IS
'Điểm: điểm tối đa × tỷ lệ / ngưỡng, không quá điểm tối đa, 2 chữ số thập phân; NULL khi không tính được.';
COMMENT ON COLUMN mart.diem_766.diem_toi_da IS
'Điểm tối đa; ở dòng nhóm và tổng chỉ cộng những phần tính được, tức là điểm được chấm trên bao nhiêu.';
COMMENT ON COLUMN mart.diem_766.diem_toi_da_ca_nhom IS 'Điểm tối đa kể cả phần không tính được.';
COMMENT ON COLUMN mart.diem_766.ly_do_na IS 'Vì sao không có điểm.';
