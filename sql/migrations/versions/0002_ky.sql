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

-- QĐ 766 ----------------------------------------------------------------------------------------

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

-- Comparisons ----------------------------------------------------------------------------------

CREATE VIEW mart.so_sanh WITH (security_invoker = on) AS
SELECT
    c.ky_loai,
    c.ky,
    c.tu_ngay,
    c.den_ngay,
    c.ma_chi_so,
    c.phien_ban,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.gia_tri,
    truoc.ky AS ky_truoc,
    truoc.gia_tri AS gia_tri_ky_truoc,
    c.gia_tri - truoc.gia_tri AS so_ky_truoc,
    nam_truoc.ky AS ky_nam_truoc,
    nam_truoc.gia_tri AS gia_tri_nam_truoc,
    c.gia_tri - nam_truoc.gia_tri AS so_nam_truoc,
    c.muc_tieu,
    CASE dn.chieu WHEN 'giam' THEN c.muc_tieu - c.gia_tri ELSE c.gia_tri - c.muc_tieu END AS cach_muc_tieu,
    CASE
        WHEN c.gia_tri IS NOT NULL AND dn.chieu IS NOT NULL AND c.ma_don_vi NOT LIKE 'TONG%'
            THEN rank() OVER (
                PARTITION BY c.ky_loai, c.ky, c.ma_chi_so, c.cap, c.ma_don_vi LIKE 'TONG%'
                ORDER BY CASE dn.chieu WHEN 'giam' THEN -c.gia_tri ELSE c.gia_tri END DESC NULLS LAST
            )
    END AS hang,
    CASE
        WHEN c.ma_don_vi NOT LIKE 'TONG%'
            THEN count(c.gia_tri) OVER (
                PARTITION BY c.ky_loai, c.ky, c.ma_chi_so, c.cap, c.ma_don_vi LIKE 'TONG%'
            )
    END AS so_don_vi_xep_hang
FROM mart.chi_so AS c
INNER JOIN mart.dinh_nghia AS dn ON c.ma_chi_so = dn.ma_chi_so AND c.phien_ban = dn.phien_ban
LEFT JOIN mart.ky AS k_truoc
    ON
        c.ky_loai = k_truoc.ky_loai
        AND CASE c.ky_loai
            WHEN 'luy_ke'
                THEN c.tu_ngay = k_truoc.tu_ngay AND date_trunc('month', c.den_ngay)::date = k_truoc.den_ngay + 1
            ELSE
                c.tu_ngay = k_truoc.den_ngay + 1
                AND age(c.den_ngay + 1, c.tu_ngay) = age(k_truoc.den_ngay + 1, k_truoc.tu_ngay)
        END
LEFT JOIN mart.chi_so AS truoc
    ON
        k_truoc.ky_loai = truoc.ky_loai
        AND k_truoc.ky = truoc.ky
        AND c.ma_chi_so = truoc.ma_chi_so
        AND c.ma_don_vi = truoc.ma_don_vi
LEFT JOIN mart.ky AS k_nam
    ON
        c.ky_loai = k_nam.ky_loai
        AND c.tu_ngay = (k_nam.tu_ngay + interval '1 year')::date
        AND c.den_ngay + 1 = (k_nam.den_ngay + 1 + interval '1 year')::date
LEFT JOIN mart.chi_so AS nam_truoc
    ON
        k_nam.ky_loai = nam_truoc.ky_loai
        AND k_nam.ky = nam_truoc.ky
        AND c.ma_chi_so = nam_truoc.ma_chi_so
        AND c.ma_don_vi = nam_truoc.ma_don_vi;
COMMENT ON VIEW mart.so_sanh IS
'Một dòng = một con số của mart.chi_so so với kỳ trước, cùng kỳ năm trước, chỉ tiêu, và hạng trong cấp.';
COMMENT ON COLUMN mart.so_sanh.ky_loai IS 'Loại kỳ, xem mart.ky.';
COMMENT ON COLUMN mart.so_sanh.ky IS 'Kỳ.';
COMMENT ON COLUMN mart.so_sanh.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.so_sanh.den_ngay IS 'Ngày cuối kỳ.';
COMMENT ON COLUMN mart.so_sanh.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN mart.so_sanh.phien_ban IS 'Phiên bản định nghĩa.';
COMMENT ON COLUMN mart.so_sanh.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>.';
COMMENT ON COLUMN mart.so_sanh.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.so_sanh.cap IS 'Cấp.';
COMMENT ON COLUMN mart.so_sanh.gia_tri IS 'Giá trị của kỳ.';
COMMENT ON COLUMN mart.so_sanh.ky_truoc IS
'Kỳ liền trước cùng loại và cùng độ dài; luỹ kế: đến hết tháng trước trong năm.';
COMMENT ON COLUMN mart.so_sanh.gia_tri_ky_truoc IS 'Giá trị của kỳ trước ở cùng mã đơn vị; NULL khi đơn vị chưa có.';
COMMENT ON COLUMN mart.so_sanh.so_ky_truoc IS 'Tăng, giảm so với kỳ trước (điểm phần trăm, số hoặc điểm).';
COMMENT ON COLUMN mart.so_sanh.ky_nam_truoc IS 'Cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.gia_tri_nam_truoc IS 'Giá trị cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.so_nam_truoc IS 'Tăng, giảm so với cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.muc_tieu IS 'Chỉ tiêu của cấp.';
COMMENT ON COLUMN mart.so_sanh.cach_muc_tieu IS
'Vượt (dương) hay còn thiếu (âm) so với chỉ tiêu, theo chiều của chỉ số.';
COMMENT ON COLUMN mart.so_sanh.hang IS
'Hạng trong cấp, 1 là tốt nhất; bằng nhau thì cùng hạng; NULL với dòng tổng và khi không có giá trị.';
COMMENT ON COLUMN mart.so_sanh.so_don_vi_xep_hang IS 'Số đơn vị của cấp có giá trị.';

CREATE VIEW mart.doi_chieu_06a WITH (security_invoker = on) AS
SELECT
    sau.ky_loai,
    sau.ky,
    truoc.ky AS ky_truoc,
    sau.ma_don_vi,
    sau.ten_don_vi,
    sau.cap,
    truoc.cot_11 AS ton_cuoi_ky_truoc,
    sau.cot_6 AS tu_ky_truoc,
    sau.cot_6 - coalesce(truoc.cot_11, 0) AS chenh_lech
FROM mart.bieu_06a AS sau
INNER JOIN mart.ky AS k
    ON sau.ky_loai = k.ky_loai AND sau.tu_ngay = k.den_ngay + 1 AND k.ly_do_na IS NULL
LEFT JOIN mart.bieu_06a AS truoc
    ON k.ky_loai = truoc.ky_loai AND k.ky = truoc.ky AND sau.ma_don_vi = truoc.ma_don_vi AND truoc.ma_linh_vuc = ''
WHERE
    sau.ma_linh_vuc = ''
    AND age(sau.den_ngay + 1, sau.tu_ngay) = age(k.den_ngay + 1, k.tu_ngay);
COMMENT ON VIEW mart.doi_chieu_06a IS
'Một dòng = cột 6 của một đơn vị trong một kỳ so với cột 11 của kỳ trước. Lệch ở đơn vị là do sắp xếp tổ chức;
lệch ở toàn tỉnh là do hồ sơ mở lại, xoá, sửa giữa hai lần tính.';
COMMENT ON COLUMN mart.doi_chieu_06a.ky_loai IS 'Loại kỳ.';
COMMENT ON COLUMN mart.doi_chieu_06a.ky IS 'Kỳ.';
COMMENT ON COLUMN mart.doi_chieu_06a.ky_truoc IS 'Kỳ liền trước.';
COMMENT ON COLUMN mart.doi_chieu_06a.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>.';
COMMENT ON COLUMN mart.doi_chieu_06a.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.doi_chieu_06a.cap IS 'Cấp.';
COMMENT ON COLUMN mart.doi_chieu_06a.ton_cuoi_ky_truoc IS 'Cột 11 của kỳ trước.';
COMMENT ON COLUMN mart.doi_chieu_06a.tu_ky_truoc IS 'Cột 6 của kỳ này.';
COMMENT ON COLUMN mart.doi_chieu_06a.chenh_lech IS 'Cột 6 trừ cột 11 kỳ trước.';

-- Figures on request: sync_definitions writes the bodies from sql/indicators and sql/mart.
GRANT SELECT ON ALL TABLES IN SCHEMA mart TO cchc_bi;
