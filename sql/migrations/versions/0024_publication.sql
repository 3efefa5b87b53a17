-- What is closed: the ledger, the rows and figures of every revision, and what waits for the next one.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE ops.so_cai (
    so bigint PRIMARY KEY CHECK (so > 0),
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('xac_nhan', 'chot', 'tam_cong_bo', 'dinh_chinh', 'ngoai_le')),
    ky text COLLATE "C" NOT NULL CHECK (ky ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    ma_don_vi text COLLATE "C",
    luc timestamptz NOT NULL,
    nguoi text COLLATE "C" NOT NULL CHECK (nguoi <> ''),
    nguoi_duyet text COLLATE "C" CHECK (nguoi_duyet <> nguoi),
    ly_do text COLLATE "C",
    noi_dung jsonb NOT NULL,
    ma_bam_truoc text COLLATE "C" NOT NULL,
    ma_bam text COLLATE "C" NOT NULL UNIQUE
);
CREATE INDEX so_cai_ky ON ops.so_cai (ky, loai);
COMMENT ON TABLE ops.so_cai IS
'Một dòng = một việc đã ghi sổ: đơn vị xác nhận, tỉnh chốt, đính chính một tháng. Chỉ thêm; mỗi dòng móc vào '
'dòng trước.';
COMMENT ON COLUMN ops.so_cai.so IS 'Số thứ tự, liền nhau từ 1.';
COMMENT ON COLUMN ops.so_cai.loai IS
'xac_nhan: đơn vị xác nhận tháng của mình; chot: chốt; tam_cong_bo: công bố tạm khi hết hạn mà chưa ai chốt; '
'dinh_chinh: bản sau của tháng đã chốt; ngoai_le: cho một đơn vị nộp muộn một bộ dữ liệu.';
COMMENT ON COLUMN ops.so_cai.ky IS 'Tháng.';
COMMENT ON COLUMN ops.so_cai.ma_don_vi IS 'Đơn vị xác nhận, hoặc được ngoại lệ.';
COMMENT ON COLUMN ops.so_cai.luc IS 'Lúc ghi.';
COMMENT ON COLUMN ops.so_cai.nguoi IS 'Tên đăng nhập của người làm.';
COMMENT ON COLUMN ops.so_cai.nguoi_duyet IS 'Tên đăng nhập của người duyệt; không bao giờ là người làm.';
COMMENT ON COLUMN ops.so_cai.ly_do IS 'Lý do.';
COMMENT ON COLUMN ops.so_cai.noi_dung IS
'Những gì đã vào sổ, với SHA-256 của từng phần: kỳ, con số, dòng, định nghĩa, chỉ tiêu, đơn vị, lô.';
COMMENT ON COLUMN ops.so_cai.ma_bam_truoc IS 'ma_bam của dòng trước; dòng 1: 64 số 0.';
COMMENT ON COLUMN ops.so_cai.ma_bam IS 'SHA-256 của dòng này ở dạng chuẩn, gồm cả ma_bam_truoc.';

CREATE TABLE core.phep_do (
    phep_do smallint PRIMARY KEY,
    fact text COLLATE "C" NOT NULL,
    su_kien text COLLATE "C" NOT NULL,
    cong_don text COLLATE "C" NOT NULL CHECK (cong_don IN ('dong', 'dau_ky', 'cuoi_ky')),
    dieu_kien text COLLATE "C" NOT NULL,
    tong text COLLATE "C",
    UNIQUE NULLS NOT DISTINCT (fact, su_kien, cong_don, dieu_kien, tong)
);
COMMENT ON TABLE core.phep_do IS
'Một dòng = một phép đo đã từng dùng khi chốt, với số không bao giờ đổi; vị trí hiện nay trong core.tong_hop.so '
'ở core.do_luong.';

CREATE TABLE core.thuat_ngu (
    ma_chi_so text COLLATE "C" NOT NULL,
    ben text COLLATE "C" NOT NULL CHECK (ben IN ('tu', 'mau')),
    dau smallint NOT NULL CHECK (dau IN (1, -1)),
    phep_do smallint NOT NULL,
    khoa text COLLATE "C",
    it_nhat integer,
    PRIMARY KEY (ma_chi_so, ben, dau, phep_do)
);
COMMENT ON TABLE core.thuat_ngu IS
'Một dòng = một phép đo trong tử số (tu) hoặc mẫu số (mau) của một chỉ số theo định nghĩa hiện nay; dau -1: trừ đi.';

CREATE TABLE core.dong_cong_bo (
    ky text COLLATE "C" NOT NULL,
    fact text COLLATE "C" NOT NULL,
    dong text COLLATE "C" NOT NULL,
    so_cai bigint NOT NULL REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED,
    con boolean NOT NULL,
    nguyen_nhan text COLLATE "C",
    ma_don_vi text COLLATE "C" NOT NULL,
    ma_tthc text COLLATE "C" NOT NULL,
    ma_linh_vuc text COLLATE "C" NOT NULL,
    nua_1 smallint[] NOT NULL,
    nua_2 smallint[] NOT NULL,
    so_1 bigint[],
    so_2 bigint[],
    noi_dung jsonb NOT NULL,
    danh_muc jsonb NOT NULL,
    ngay_cap_nhat timestamp,
    batch_id bigint,
    line_no bigint,
    PRIMARY KEY (ky, fact, dong, so_cai)
);
CREATE INDEX dong_cong_bo_don_vi ON core.dong_cong_bo (ky, ma_don_vi);
CREATE INDEX dong_cong_bo_tthc ON core.dong_cong_bo (ky, ma_tthc) WHERE ma_tthc <> '';
CREATE INDEX dong_cong_bo_so_cai ON core.dong_cong_bo (so_cai);
COMMENT ON TABLE core.dong_cong_bo IS
'Một dòng = một dòng dữ liệu đứng sau con số của một tháng đã chốt, kể từ một dòng của ops.so_cai; lần sau chỉ '
'ghi dòng khác đi.';
COMMENT ON COLUMN core.dong_cong_bo.fact IS 'Loại dòng: một tệp của sql/indicators/facts.';
COMMENT ON COLUMN core.dong_cong_bo.dong IS 'Khoá của dòng trong tháng.';
COMMENT ON COLUMN core.dong_cong_bo.so_cai IS 'Số của dòng sổ mà từ đó trạng thái này có hiệu lực.';
COMMENT ON COLUMN core.dong_cong_bo.con IS 'FALSE: từ đó dòng này không còn đứng sau con số nào.';
COMMENT ON COLUMN core.dong_cong_bo.nguyen_nhan IS 'Vì sao khác lần trước; NULL: lần chốt đầu.';
COMMENT ON COLUMN core.dong_cong_bo.ma_don_vi IS
'Đơn vị mà dòng ghi; ai trả lời cho nó vào cuối kỳ: core.don_vi_cong_bo.';
COMMENT ON COLUMN core.dong_cong_bo.nua_1 IS 'Những phép đo (core.phep_do) mà dòng có trong nửa tháng đầu.';
COMMENT ON COLUMN core.dong_cong_bo.nua_2 IS 'Những phép đo mà dòng có trong nửa tháng sau.';
COMMENT ON COLUMN core.dong_cong_bo.so_1 IS 'Số cộng vào mỗi phép đo của nua_1, cùng thứ tự; NULL: mỗi phép đo một.';
COMMENT ON COLUMN core.dong_cong_bo.so_2 IS 'Như so_1, của nua_2.';
COMMENT ON COLUMN core.dong_cong_bo.noi_dung IS 'Nội dung của dòng, như nguồn cho biết.';
COMMENT ON COLUMN core.dong_cong_bo.danh_muc IS 'Những gì danh mục nói về dòng.';

CREATE TABLE core.dong_cho (LIKE core.dong_cong_bo INCLUDING COMMENTS);
ALTER TABLE core.dong_cho DROP COLUMN so_cai;
ALTER TABLE core.dong_cho ALTER COLUMN nguyen_nhan SET NOT NULL;
ALTER TABLE core.dong_cho ADD PRIMARY KEY (ky, fact, dong);
COMMENT ON TABLE core.dong_cho IS
'Một dòng = một dòng dữ liệu của một tháng đã chốt mà nay khác lúc chốt: chờ đính chính. Được dựng lại mỗi lần '
'tính tháng ấy.';

CREATE TABLE core.dem_cong_bo (
    ky text COLLATE "C" NOT NULL,
    nua smallint NOT NULL CHECK (nua IN (1, 2)),
    ma_don_vi text COLLATE "C" NOT NULL,
    phep_do smallint NOT NULL,
    so_cai bigint NOT NULL REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED,
    so bigint NOT NULL,
    ma_bam text COLLATE "C" NOT NULL,
    PRIMARY KEY (ky, nua, ma_don_vi, phep_do, so_cai)
);
COMMENT ON TABLE core.dem_cong_bo IS
'Một dòng = một phép đo của một đơn vị trong nửa tháng đã chốt, kể từ một dòng sổ: số và SHA-256 của các dòng '
'đứng sau.';

CREATE TABLE core.don_vi_cong_bo (
    so_cai bigint NOT NULL REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED,
    ngay date NOT NULL,
    ma_goc text COLLATE "C" NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    ten_don_vi text COLLATE "C" NOT NULL,
    cap text COLLATE "C" NOT NULL,
    con_hieu_luc boolean NOT NULL,
    PRIMARY KEY (so_cai, ngay, ma_goc)
);
COMMENT ON TABLE core.don_vi_cong_bo IS
'Một dòng = vào ngày cuối một kỳ đã chốt, đơn vị nào trả lời cho một mã, như lúc ghi sổ.';

CREATE TABLE ops.dinh_nghia_cong_bo (
    so_cai bigint NOT NULL REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED,
    ma_chi_so text COLLATE "C" NOT NULL,
    phien_ban integer NOT NULL,
    noi_dung jsonb NOT NULL,
    PRIMARY KEY (so_cai, ma_chi_so)
);
COMMENT ON TABLE ops.dinh_nghia_cong_bo IS
'Một dòng = định nghĩa của một chỉ số lúc ghi sổ, với các phép đo của tử số và mẫu số (tru: trừ đi).';

CREATE TABLE ops.lo_cong_bo (
    so_cai bigint NOT NULL REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED,
    batch_id bigint NOT NULL,
    dataset text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    lines_read bigint NOT NULL,
    lines_accepted bigint NOT NULL,
    lines_rejected bigint NOT NULL,
    loaded_at timestamptz,
    PRIMARY KEY (so_cai, batch_id)
);
COMMENT ON TABLE ops.lo_cong_bo IS
'Một dòng = một lô đã nạp mà một dòng sổ biết và dòng sổ trước chưa biết; tệp của nó theo SHA-256.';

CREATE TABLE mart.con_so_cong_bo (LIKE mart.chi_so INCLUDING COMMENTS);
ALTER TABLE mart.con_so_cong_bo ADD COLUMN so_cai bigint NOT NULL
REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE mart.con_so_cong_bo ADD COLUMN ma_bam_dong text COLLATE "C";
ALTER TABLE mart.con_so_cong_bo ADD PRIMARY KEY (ky_loai, ky, ma_don_vi, ma_chi_so, revision, so_cai);
CREATE INDEX con_so_cong_bo_so_cai ON mart.con_so_cong_bo (so_cai);
COMMENT ON TABLE mart.con_so_cong_bo IS
'Một dòng = một con số của một bản đã công bố: mọi bản đều còn, bản đang dùng ở mart.chi_so. Chỉ thêm.';
COMMENT ON COLUMN mart.con_so_cong_bo.so_cai IS 'Dòng sổ (ops.so_cai) đã công bố.';
COMMENT ON COLUMN mart.con_so_cong_bo.ma_bam_dong IS
'SHA-256 của các dòng đứng sau con số; NULL: không đếm từ dòng nào.';

CREATE TABLE mart.bieu_06a_cong_bo (LIKE mart.bieu_06a INCLUDING COMMENTS);
ALTER TABLE mart.bieu_06a_cong_bo ADD COLUMN so_cai bigint NOT NULL
REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE mart.bieu_06a_cong_bo ADD PRIMARY KEY (ky_loai, ky, ma_don_vi, ma_linh_vuc, so_cai);
COMMENT ON TABLE mart.bieu_06a_cong_bo IS
'Một dòng = biểu II.06a của một đơn vị, một lĩnh vực trong một bản đã công bố. Chỉ thêm.';
COMMENT ON COLUMN mart.bieu_06a_cong_bo.so_cai IS 'Dòng sổ (ops.so_cai) đã công bố.';

CREATE TABLE mart.con_so_cho (LIKE mart.chi_so INCLUDING COMMENTS, PRIMARY KEY (ky_loai, ky, ma_chi_so, ma_don_vi));
COMMENT ON TABLE mart.con_so_cho IS
'Một dòng = một con số đã chốt mà nay tính lại thì khác: con số mới, chờ đính chính. Con số đã công bố vẫn ở '
'mart.chi_so.';

CREATE TABLE mart.phan_thay_doi (
    ky_loai text COLLATE "C" NOT NULL,
    ky text COLLATE "C" NOT NULL,
    ma_chi_so text COLLATE "C" NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    den_revision integer,
    nguyen_nhan text COLLATE "C" NOT NULL,
    tu_so bigint NOT NULL,
    mau_so bigint NOT NULL,
    so_dong bigint NOT NULL,
    UNIQUE NULLS NOT DISTINCT (ky_loai, ky, ma_chi_so, ma_don_vi, den_revision, nguyen_nhan)
);
COMMENT ON TABLE mart.phan_thay_doi IS
'Một dòng = phần của một nguyên nhân trong thay đổi của một con số giữa hai bản liền nhau, hoặc giữa bản đã '
'công bố và con số chờ (den_revision rỗng). Các phần cộng lại đúng bằng thay đổi.';
COMMENT ON COLUMN mart.phan_thay_doi.ky_loai IS
'thang, quy, nua_nam, nam: theo lịch; luy_ke: từ đầu năm đến hết tháng ghi ở ky; ky_bao_cao: từ ngày 15 đến ngày 14.';
COMMENT ON COLUMN mart.phan_thay_doi.ky IS 'Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.';
COMMENT ON COLUMN mart.phan_thay_doi.ma_chi_so IS 'Mã chỉ số, xem mart.dinh_nghia.';
COMMENT ON COLUMN mart.phan_thay_doi.ma_don_vi IS
'Mã đơn vị giải quyết, hiệu lực vào ngày cuối kỳ; TONG:<cap> là dòng tổng của cấp, TONG:toan_tinh là toàn tỉnh.';
COMMENT ON COLUMN mart.phan_thay_doi.so_dong IS 'Số dòng (hồ sơ, văn bản, …) của phần này.';
COMMENT ON COLUMN mart.phan_thay_doi.den_revision IS 'Bản sau; rỗng: con số đang chờ. Bản trước là bản liền trước.';
COMMENT ON COLUMN mart.phan_thay_doi.nguyen_nhan IS
'den_muon: dữ liệu đến sau khi chốt; sua_o_nguon: nguồn sửa; rut_xoa: nguồn rút, xoá; tha_khoi_loai: dòng bị '
'loại nay nạp được; doi_don_vi: đơn vị trả lời khác; danh_muc_lich: danh mục hoặc lịch khác; dinh_nghia: định '
'nghĩa khác; khong_am: phần mà hiệu số không xuống dưới 0.';
COMMENT ON COLUMN mart.phan_thay_doi.tu_so IS 'Phần của tử số.';
COMMENT ON COLUMN mart.phan_thay_doi.mau_so IS 'Phần của mẫu số.';
COMMENT ON COLUMN mart.phan_thay_doi.so_dong IS 'Số dòng (hồ sơ, văn bản, …) của phần này.';

-- What is published stays: the pipeline adds to it and takes nothing away.
REVOKE UPDATE, DELETE, TRUNCATE ON
ops.so_cai, core.phep_do, core.dong_cong_bo, core.dem_cong_bo, core.don_vi_cong_bo, ops.dinh_nghia_cong_bo,
ops.lo_cong_bo, mart.con_so_cong_bo, mart.bieu_06a_cong_bo
FROM cchc_etl;
GRANT SELECT ON
ops.so_cai, core.phep_do, core.thuat_ngu, core.dong_cong_bo, core.dong_cho, core.don_vi_cong_bo, ops.dinh_nghia_cong_bo
TO cchc_don_vi;
-- Rows with codes of dossiers: a unit sees its own.
ALTER TABLE core.dong_cong_bo ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.dong_cho ENABLE ROW LEVEL SECURITY;
CREATE POLICY ghi ON core.dong_cong_bo TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.dong_cong_bo FOR SELECT TO cchc_steward USING (TRUE);
CREATE POLICY ghi ON core.dong_cho TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.dong_cho FOR SELECT TO cchc_steward USING (TRUE);
-- What BI reads of the ledger stands in mart.
GRANT SELECT ON ops.so_cai TO cchc_bi;
GRANT SELECT ON mart.con_so_cong_bo, mart.bieu_06a_cong_bo, mart.con_so_cho, mart.phan_thay_doi
TO cchc_bi, cchc_don_vi;
