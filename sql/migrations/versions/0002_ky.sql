-- Counts by half month, periods of every kind, readings of an indicator, form II.06a.
-- Run once by Alembic inside a transaction. Counts are made again from the facts: months become pending.

DROP TABLE core.tong_hop, core.do_luong;

CREATE TABLE core.doan (
    tu_ngay date PRIMARY KEY,
    ky text NOT NULL REFERENCES ops.period
);
COMMENT ON TABLE core.doan IS
'Một dòng = một nửa tháng đã đếm (ngày 1 đến 14, ngày 15 đến cuối tháng); mọi kỳ đều ghép từ các nửa tháng.';

CREATE TABLE core.tong_hop (
    ky text NOT NULL,
    tu_ngay date NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    so bigint[] NOT NULL,
    moi_nhat timestamp,
    PRIMARY KEY (tu_ngay, ma_don_vi)
);
COMMENT ON TABLE core.tong_hop IS
'Một dòng = số đếm trong nửa tháng của một đơn vị; thứ tự phần tử của so ở core.do_luong.';

CREATE TABLE core.tong_hop_linh_vuc (
    ky text NOT NULL,
    tu_ngay date NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    ma_linh_vuc text COLLATE "C" NOT NULL,
    so bigint[] NOT NULL,
    PRIMARY KEY (tu_ngay, ma_don_vi, ma_linh_vuc)
);
COMMENT ON TABLE core.tong_hop_linh_vuc IS
'Một dòng = số đếm trong nửa tháng của một đơn vị và một lĩnh vực, chỉ những số mà biểu mẫu cần.';

CREATE TABLE core.tong_hop_tthc (
    ky text NOT NULL,
    tu_ngay date NOT NULL,
    cong_don text NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    ma_tthc text COLLATE "C" NOT NULL,
    so bigint[] NOT NULL,
    PRIMARY KEY (tu_ngay, cong_don, ma_don_vi, ma_tthc)
);
COMMENT ON TABLE core.tong_hop_tthc IS
'Một dòng = số đếm trong nửa tháng của một đơn vị và một thủ tục, chỉ cho chỉ số đếm số thủ tục khác nhau.';
COMMENT ON COLUMN core.tong_hop_tthc.cong_don IS
'Cách ghép các nửa tháng: dong cộng lại; dau_ky, cuoi_ky chỉ lấy nửa tháng đầu, cuối.';

CREATE TABLE core.do_luong (
    vi_tri int PRIMARY KEY,
    fact text NOT NULL,
    su_kien text NOT NULL,
    cong_don text NOT NULL CHECK (cong_don IN ('dong', 'dau_ky', 'cuoi_ky')),
    dieu_kien text NOT NULL,
    tong text
);
COMMENT ON TABLE core.do_luong IS
'Một dòng = một phần tử của core.tong_hop.so: sự kiện, điều kiện và cách ghép các nửa tháng.';
COMMENT ON COLUMN core.do_luong.tong IS 'Biểu thức được cộng; NULL: đếm số dòng.';

UPDATE ops.period SET counted = 0, refreshed = 0, counted_with = NULL, refreshed_with = NULL;

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

ALTER TABLE mart.chi_so DROP CONSTRAINT chi_so_ky_loai_check;
ALTER TABLE mart.chi_so ADD FOREIGN KEY (ky_loai, ky) REFERENCES mart.ky;
COMMENT ON COLUMN mart.chi_so.ky_loai IS
'thang, quy, nua_nam, nam: theo lịch; luy_ke: từ đầu năm đến hết tháng ghi ở ky; ky_bao_cao: từ ngày 15 đến ngày 14.';
COMMENT ON COLUMN mart.chi_so.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';

CREATE TABLE ops.period_written (
    ky_loai text NOT NULL,
    ky text NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (ky_loai, ky),
    FOREIGN KEY (ky_loai, ky) REFERENCES mart.ky ON DELETE CASCADE
);
COMMENT ON TABLE ops.period_written IS
'Một dòng = một kỳ đã ghi vào mart: số thay đổi mới nhất (ops.batch_period.changed) mà con số của kỳ đã phản ánh.';

-- Definitions and their readings ---------------------------------------------------------------

ALTER TABLE mart.dinh_nghia
ADD COLUMN nguon text[] NOT NULL DEFAULT '{}',
ADD COLUMN bien_the_cua text,
ADD COLUMN khong_tinh_duoc text,
DROP CONSTRAINT dinh_nghia_loai_check,
ADD CHECK (loai IN ('ty_le', 'dem', 'diem'));
COMMENT ON COLUMN mart.dinh_nghia.loai IS 'ty_le: tỷ lệ phần trăm; dem: số đếm; diem: điểm.';
COMMENT ON COLUMN mart.dinh_nghia.nguon IS 'Những nguồn mà con số cần.';
COMMENT ON COLUMN mart.dinh_nghia.bien_the_cua IS
'NULL: cách đọc được công bố, có trong mart.chi_so; ngược lại: cách đọc khác, hỏi bằng mart.tinh_chi_so.';
COMMENT ON COLUMN mart.dinh_nghia.khong_tinh_duoc IS 'Vì sao chưa nguồn nào cho con số này; NULL khi có nguồn.';

-- Form II.06a ----------------------------------------------------------------------------------

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

-- Figures on request: sync_definitions writes the bodies from sql/indicators and sql/mart.
GRANT SELECT ON ALL TABLES IN SCHEMA mart TO cchc_bi;
