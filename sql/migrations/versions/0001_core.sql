-- Schema core: typed dimensions with history, facts of every dataset, monthly counts.
-- Run once by Alembic inside a transaction, after ops; nothing in it is edited any more.

CREATE SCHEMA core;
COMMENT ON SCHEMA core IS 'Dữ liệu đã kiểm tra. Không có họ tên, số giấy tờ, điện thoại, địa chỉ.';

-- Organisation: what is known of units ---------------------------------------------------------

CREATE TABLE core.don_vi_phien_ban (
    ma_don_vi text COLLATE "C" NOT NULL,
    thoi_diem timestamp NOT NULL,
    van_tay text NOT NULL,
    ban_ghi jsonb NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    ma_nguon text NOT NULL CHECK (ma_nguon IN ('tham_chieu', 'he_thong')),
    PRIMARY KEY (ma_nguon, ma_don_vi, thoi_diem, van_tay)
);
COMMENT ON TABLE core.don_vi_phien_ban IS
'Một dòng = một lần nguồn mô tả một đơn vị; core.don_vi được dựng từ đây nên không phụ thuộc thứ tự nhận.';
COMMENT ON COLUMN core.don_vi_phien_ban.ma_nguon IS
'tham_chieu: dòng hiện có của sql/reference/don_vi.csv; he_thong: danh mục của một hệ thống nguồn, giữ mọi lần.';

CREATE TABLE core.ke_thua (
    ma_don_vi_cu text COLLATE "C" NOT NULL,
    ma_don_vi_moi text COLLATE "C" NOT NULL,
    loai text NOT NULL CHECK (loai IN ('hop_nhat', 'chia_tach', 'doi_ten', 'chuyen_giao')),
    ngay_hieu_luc date NOT NULL,
    nhan_ton boolean NOT NULL,
    da_kiem_chung boolean NOT NULL,
    nguon text NOT NULL,
    PRIMARY KEY (ma_don_vi_cu, ma_don_vi_moi, ngay_hieu_luc)
);
COMMENT ON TABLE core.ke_thua IS
'Một dòng = một đơn vị kế thừa một đơn vị khác từ một ngày, theo sql/reference/ke_thua.csv.';
COMMENT ON COLUMN core.ke_thua.nhan_ton IS
'Đơn vị mới nhận hồ sơ chưa xong của đơn vị cũ; đúng một đơn vị cho mỗi lần hợp nhất, chia tách, đổi tên.';
CREATE UNIQUE INDEX ke_thua_nhan_ton ON core.ke_thua (ma_don_vi_cu, ngay_hieu_luc) WHERE nhan_ton;

CREATE TABLE core.ten_goi_khac (
    khoa text COLLATE "C" NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    ten_goi text NOT NULL,
    nguon text NOT NULL,
    PRIMARY KEY (khoa, valid_from)
);
COMMENT ON TABLE core.ten_goi_khac IS
'Một dòng = một tên hoặc mã khác của một đơn vị, do cán bộ ghi ở sql/reference/ten_goi_khac.csv.';

-- Organisation: what follows from it, rebuilt with every load of units -------------------------

CREATE TABLE core.don_vi (
    ma_don_vi text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    ten_don_vi text NOT NULL,
    cap text NOT NULL CHECK (cap IN ('toan_tinh', 'so_nganh', 'huyen', 'xa')),
    ma_don_vi_cha text COLLATE "C",
    ma_gso text COLLATE "C",
    ma_don_vi_ke_thua text COLLATE "C",
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    loai text,
    ma_dinh_danh text COLLATE "C",
    theo_doi boolean NOT NULL DEFAULT TRUE,
    da_kiem_chung boolean NOT NULL DEFAULT FALSE,
    nguon text,
    PRIMARY KEY (ma_don_vi, valid_from)
);
COMMENT ON TABLE core.don_vi IS
'Một dòng = một đơn vị trong một khoảng hiệu lực; các khoảng của một đơn vị không chồng nhau.';
COMMENT ON COLUMN core.don_vi.ma_don_vi_ke_thua IS
'Đơn vị kế thừa khi hết hiệu lực; hồ sơ chưa xong chuyển sang đơn vị này.';
COMMENT ON COLUMN core.don_vi.loai IS 'Loại: tỉnh, sở, huyện, xã, phường, thị trấn…; NULL khi không rõ.';
COMMENT ON COLUMN core.don_vi.ma_dinh_danh IS 'Mã định danh điện tử chính thức; NULL khi chưa biết.';
COMMENT ON COLUMN core.don_vi.theo_doi IS
'Có chờ số liệu của đơn vị không; FALSE thì đơn vị không có dòng khi không có số liệu.';
COMMENT ON COLUMN core.don_vi.da_kiem_chung IS
'TRUE: đã đối chiếu với văn bản, nguồn công khai; FALSE: giả định, hoặc chỉ hệ thống nguồn cho biết.';
COMMENT ON COLUMN core.don_vi.nguon IS 'Căn cứ của dòng trong danh mục tham chiếu; NULL: hệ thống nguồn cho biết.';

CREATE TABLE core.don_vi_khoa (
    khoa text COLLATE "C" NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    PRIMARY KEY (khoa, valid_from)
);
COMMENT ON TABLE core.don_vi_khoa IS
'Một dòng = một cách gọi (mã, tên đã gấp chữ) chỉ đúng một đơn vị trong khoảng hiệu lực; tên mơ hồ không có.';

CREATE TABLE core.don_vi_nguon (
    ma_don_vi_nguon text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    ma_don_vi text COLLATE "C" NOT NULL,
    khop_theo text NOT NULL CHECK (khop_theo IN ('ten_goi_khac', 'ma', 'ma_gso', 'ten')),
    khac jsonb NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_don_vi_nguon, valid_from)
);
COMMENT ON TABLE core.don_vi_nguon IS
'Một dòng = một mã của hệ thống nguồn chỉ một đơn vị của danh mục tham chiếu trong một khoảng thời gian.';
COMMENT ON COLUMN core.don_vi_nguon.khop_theo IS 'Nhận ra đơn vị nhờ tên gọi khác, mã, mã GSO hay tên.';
COMMENT ON COLUMN core.don_vi_nguon.khac IS
'Những gì nguồn nói khác danh mục tham chiếu: cột → giá trị của nguồn; danh mục tham chiếu được giữ.';

CREATE TABLE core.don_vi_tra_loi (
    ma_goc text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    ma_don_vi text COLLATE "C" NOT NULL,
    PRIMARY KEY (ma_goc, valid_from)
);
COMMENT ON TABLE core.don_vi_tra_loi IS
'Một dòng = trong một khoảng thời gian, mã đơn vị (kể cả mã của nguồn) do đơn vị nào trả lời; không hở ngày nào.';

-- Procedures -----------------------------------------------------------------------------------

CREATE TABLE core.tthc_phien_ban (
    ma_tthc text COLLATE "C" NOT NULL,
    thoi_diem timestamp NOT NULL,
    van_tay text NOT NULL,
    ban_ghi jsonb NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_tthc, thoi_diem, van_tay)
);
COMMENT ON TABLE core.tthc_phien_ban IS
'Một dòng = một lần nguồn mô tả một thủ tục; tệp ít cột chỉ mang những cột nó có.';

CREATE TABLE core.tthc (
    ma_tthc text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    ten_tthc text NOT NULL,
    ma_linh_vuc text COLLATE "C",
    ten_linh_vuc text,
    cap_thuc_hien text,
    co_quan_cong_bo text,
    co_quan_thuc_hien text,
    muc_do smallint,
    thu_tuc_khong_co_ket_qua smallint,
    co_phi smallint,
    thoi_gian_giai_quyet_ngay numeric,
    du_dieu_kien_toan_trinh smallint,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_tthc, valid_from)
);
COMMENT ON TABLE core.tthc IS
'Một dòng = một thủ tục (mã gốc quốc gia) trong một khoảng hiệu lực. NULL = chưa nguồn nào cho biết.';

CREATE TABLE core.tthc_don_vi (
    ma_tthc text COLLATE "C" NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    muc_do smallint NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    PRIMARY KEY (ma_tthc, ma_don_vi, valid_from)
);
COMMENT ON TABLE core.tthc_don_vi IS
'Một dòng = một đơn vị cung cấp một thủ tục ở một mức độ (2 thông tin, 3 một phần, 4 toàn trình).';
CREATE INDEX tthc_don_vi_don_vi ON core.tthc_don_vi (ma_don_vi);

-- Dossiers -------------------------------------------------------------------------------------

CREATE TABLE core.ho_so (
    ma_ho_so text COLLATE "C" NOT NULL,
    ky_tiep_nhan date NOT NULL,
    ma_tthc text COLLATE "C",
    ma_tthc_goc text COLLATE "C" NOT NULL,
    ma_linh_vuc text COLLATE "C",
    kenh_thuc_hien smallint,
    loai_doi_tuong smallint,
    ngay_nop_ho_so timestamp,
    ngay_tiep_nhan timestamp,
    ngay_hen_tra timestamp,
    ngay_ket_thuc_xu_ly timestamp,
    ngay_tra timestamp,
    ngay_tu_choi timestamp,
    trang_thai_ho_so smallint NOT NULL CHECK (trang_thai_ho_so BETWEEN 1 AND 10),
    hinh_thuc smallint,
    ma_don_vi text COLLATE "C" NOT NULL,
    don_vi_tiep_nhan text COLLATE "C",
    noi_nop_ho_so smallint,
    ho_so_co_thanh_phan_so_hoa smallint,
    tai_khoan_duoc_xac_thuc_voi_vneid smallint,
    duoc_thanh_toan_truc_tuyen smallint,
    so_tai_lieu_nop int,
    so_tai_lieu_co_tep int,
    so_tai_lieu_so_hoa int,
    so_tai_lieu_tai_su_dung int,
    so_tai_lieu_tu_kho int,
    so_lan_bo_sung int,
    ngay_yeu_cau_bo_sung timestamp,
    tong_thoi_gian_bo_sung_phut int,
    co_ket_qua_dien_tu smallint,
    da_xoa smallint,
    ngay_cap_nhat timestamp NOT NULL,
    cot_cu jsonb,
    batch_id bigint NOT NULL,
    line_no bigint NOT NULL,
    ngay_ket_thuc date GENERATED ALWAYS AS (
        CASE
            WHEN trang_thai_ho_so IN (7, 9, 10) AND ngay_ket_thuc_xu_ly IS NOT NULL
                THEN greatest(ngay_ket_thuc_xu_ly, ngay_tiep_nhan)::date
            ELSE 'infinity'::date
        END
    ) STORED,
    han_tiep_nhan timestamp,
    tong_phi_le_phi numeric,
    so_csdl_ket_noi int,
    so_tai_lieu_co_kho int,
    so_ket_qua_co_kho int,
    PRIMARY KEY (ma_ho_so, ky_tiep_nhan)
) PARTITION BY RANGE (ky_tiep_nhan);
COMMENT ON TABLE core.ho_so IS
'Một dòng = một hồ sơ TTHC ở trạng thái mới nhất mà nguồn đã cho biết (theo thời điểm thay đổi ở nguồn).';
COMMENT ON COLUMN core.ho_so.ky_tiep_nhan IS
'Ngày 1 của tháng tiếp nhận; infinity khi chưa tiếp nhận. Khoá phân mảnh.';
COMMENT ON COLUMN core.ho_so.ma_tthc_goc IS 'Mã gốc quốc gia của thủ tục, rỗng khi nguồn để trống.';
COMMENT ON COLUMN core.ho_so.ngay_ket_thuc IS
'Ngày kết thúc của hồ sơ đã xong (9, 10) hoặc rút (7), không trước ngày tiếp nhận; infinity khi còn mở, chưa rõ.';
COMMENT ON COLUMN core.ho_so.cot_cu IS
'Những cột có thời điểm cũ hơn ngay_cap_nhat (do tệp mới hơn thiếu cột): tên cột → thời điểm.';
COMMENT ON COLUMN core.ho_so.han_tiep_nhan IS
'Hạn tiếp nhận (HanTiepNhan); tiếp nhận quá hạn khi ngày tiếp nhận sau ngày này. NULL = nguồn không cho biết.';
COMMENT ON COLUMN core.ho_so.tong_phi_le_phi IS
'Tổng Gia của các dòng phí, lệ phí (DanhSachLePhi), đồng; 0 = mọi khoản bằng 0 hoặc không có khoản nào, NULL = nguồn không cho biết.'; -- noqa: LT05
COMMENT ON COLUMN core.ho_so.so_csdl_ket_noi IS
'Số cơ sở dữ liệu khác nhau đã khai thác (MaCSDL của DSKetNoiCSDL); NULL = nguồn không cho biết.';
COMMENT ON COLUMN core.ho_so.so_tai_lieu_co_kho IS
'Số thành phần hồ sơ có mã trong Kho dữ liệu điện tử (MaGiayToSoHoa, MaGiayToKhoQuocGia); NULL = nguồn không có trường này.'; -- noqa: LT05
COMMENT ON COLUMN core.ho_so.so_ket_qua_co_kho IS
'Số giấy tờ kết quả có mã trong Kho dữ liệu điện tử (GiayToId); NULL = nguồn không cho biết.';
CREATE INDEX ho_so_ngay_ket_thuc ON core.ho_so (ngay_ket_thuc);

CREATE TABLE core.ho_so_chua_tiep_nhan PARTITION OF core.ho_so DEFAULT;
COMMENT ON TABLE core.ho_so_chua_tiep_nhan IS 'Hồ sơ chưa có ngày tiếp nhận.';

CREATE TABLE core.danh_gia (
    ma_ho_so text COLLATE "C" NOT NULL,
    thoi_gian_danh_gia timestamp NOT NULL,
    danh_gia text COLLATE "C" NOT NULL CHECK (danh_gia IN ('rat_hai_long', 'hai_long', 'khong_hai_long')),
    ngay_cap_nhat timestamp NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_ho_so, thoi_gian_danh_gia)
);
COMMENT ON TABLE core.danh_gia IS
'Một dòng = một lần người dân, doanh nghiệp đánh giá một hồ sơ, ở nội dung mới nhất mà nguồn đã cho biết.';
COMMENT ON COLUMN core.danh_gia.ma_ho_so IS
'Hồ sơ được đánh giá; có thể chưa có trong core.ho_so. Đơn vị, thủ tục, kênh lấy từ hồ sơ khi tính.';
COMMENT ON COLUMN core.danh_gia.thoi_gian_danh_gia IS 'Thời điểm đánh giá; quyết định kỳ được tính.';
COMMENT ON COLUMN core.danh_gia.danh_gia IS 'rat_hai_long, hai_long hoặc khong_hai_long.';
CREATE INDEX danh_gia_thoi_gian ON core.danh_gia (thoi_gian_danh_gia);

CREATE TABLE core.qua_trinh (
    ma_ho_so text COLLATE "C" NOT NULL,
    thoi_gian timestamp NOT NULL,
    trang_thai smallint NOT NULL CHECK (trang_thai BETWEEN 1 AND 10),
    don_vi text COLLATE "C",
    batch_id bigint NOT NULL,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_ho_so, thoi_gian, trang_thai)
) PARTITION BY RANGE (thoi_gian);
COMMENT ON TABLE core.qua_trinh IS
'Một dòng = một lần một hồ sơ chuyển sang một trạng thái, theo quá trình xử lý mà nguồn ghi.';
COMMENT ON COLUMN core.qua_trinh.ma_ho_so IS 'Hồ sơ; có thể chưa có trong core.ho_so.';
COMMENT ON COLUMN core.qua_trinh.thoi_gian IS 'Thời điểm chuyển trạng thái. Khoá phân mảnh.';
COMMENT ON COLUMN core.qua_trinh.trang_thai IS 'Trạng thái chuyển sang, 1 đến 10 như core.ho_so.trang_thai_ho_so.';
COMMENT ON COLUMN core.qua_trinh.don_vi IS 'Đơn vị xử lý bước này, như nguồn ghi.';

-- Documents and work dossiers: nothing says what a document is about or who signed it ----------

CREATE TABLE core.van_ban (
    ma_van_ban text COLLATE "C" PRIMARY KEY,
    huong text COLLATE "C" NOT NULL CHECK (huong IN ('den', 'di')),
    ma_don_vi text COLLATE "C" NOT NULL,
    so int NOT NULL CHECK (so >= 1),
    ky_hieu text COLLATE "C",
    loai_van_ban text COLLATE "C",
    ngay_van_ban date,
    ngay_den timestamp,
    ngay_phat_hanh timestamp,
    ngay_dang_ky timestamp,
    do_khan smallint CHECK (do_khan BETWEEN 1 AND 4),
    -- Nothing secret can stand here, whatever the rules of the suite may become.
    do_mat smallint NOT NULL CHECK (do_mat = 1),
    han_xu_ly timestamp,
    ngay_hoan_thanh timestamp,
    ky_so smallint CHECK (ky_so IN (0, 1)),
    gui_dien_tu smallint CHECK (gui_dien_tu IN (0, 1)),
    gui_giay smallint CHECK (gui_giay IN (0, 1)),
    ma_ho_so_cong_viec text COLLATE "C",
    ngay_cap_nhat timestamp NOT NULL,
    da_xoa smallint NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    ngay_su_kien date GENERATED ALWAYS AS (
        CASE huong WHEN 'den' THEN ngay_den ELSE ngay_phat_hanh END::date
    ) STORED,
    ngay_ket_thuc date GENERATED ALWAYS AS (
        CASE
            WHEN huong = 'di' OR han_xu_ly IS NULL THEN '-infinity'::date
            WHEN ngay_hoan_thanh IS NOT NULL THEN greatest(ngay_hoan_thanh, ngay_den)::date
            ELSE 'infinity'::date
        END
    ) STORED,
    CHECK (huong <> 'den' OR ngay_den IS NOT NULL)
);
COMMENT ON TABLE core.van_ban IS
'Một dòng = một văn bản đến hoặc đi, không mật, ở trạng thái mới nhất mà nguồn đã cho biết. Không có trích yếu.';
COMMENT ON COLUMN core.van_ban.ngay_su_kien IS
'Ngày đến của văn bản đến, ngày phát hành của văn bản đi; NULL khi chưa phát hành.';
COMMENT ON COLUMN core.van_ban.ngay_ket_thuc IS
'Ngày hoàn thành của văn bản đến có hạn, không trước ngày đến; infinity khi chưa; -infinity khi không có hạn.';
COMMENT ON COLUMN core.van_ban.do_khan IS '1 thường, 2 khẩn, 3 thượng khẩn, 4 hoả tốc.';
COMMENT ON COLUMN core.van_ban.ma_ho_so_cong_viec IS
'Hồ sơ công việc mà văn bản thuộc về; hồ sơ ấy có thể chưa nhận được.';
CREATE INDEX van_ban_ngay_su_kien ON core.van_ban (ngay_su_kien);
CREATE INDEX van_ban_ngay_dang_ky ON core.van_ban ((ngay_dang_ky::date));
CREATE INDEX van_ban_ngay_ket_thuc ON core.van_ban (ngay_ket_thuc);
CREATE INDEX van_ban_so ON core.van_ban (ma_don_vi, so);
CREATE INDEX van_ban_ho_so_cong_viec ON core.van_ban (ma_ho_so_cong_viec);

CREATE TABLE core.ho_so_cong_viec (
    ma_hscv text COLLATE "C" PRIMARY KEY,
    ma_don_vi text COLLATE "C" NOT NULL,
    ngay_mo timestamp NOT NULL,
    han_giai_quyet timestamp,
    ngay_dong timestamp,
    trang_thai smallint NOT NULL CHECK (trang_thai BETWEEN -2 AND 4),
    tien_do int,
    tren_he_thong smallint NOT NULL CHECK (tren_he_thong IN (0, 1)),
    chi_giay smallint NOT NULL CHECK (chi_giay IN (0, 1)),
    ngay_cap_nhat timestamp NOT NULL,
    da_xoa smallint NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    ngay_ket_thuc date GENERATED ALWAYS AS (
        CASE
            WHEN trang_thai = 4 AND ngay_dong IS NOT NULL THEN greatest(ngay_dong, ngay_mo)::date
            ELSE 'infinity'::date
        END
    ) STORED
);
COMMENT ON TABLE core.ho_so_cong_viec IS
'Một dòng = một hồ sơ công việc ở trạng thái mới nhất mà nguồn đã cho biết. Không có tên hồ sơ.';
COMMENT ON COLUMN core.ho_so_cong_viec.trang_thai IS
'-2 trả về, -1 từ chối, 0 mới, 1 đang xử lý, 2 chờ duyệt, 3 đã duyệt, 4 hoàn thành.';
COMMENT ON COLUMN core.ho_so_cong_viec.tren_he_thong IS '1 khi mọi bước đều xử lý trên hệ thống.';
COMMENT ON COLUMN core.ho_so_cong_viec.chi_giay IS '1 khi hồ sơ chỉ có bản giấy, hệ thống chỉ ghi nhận.';
COMMENT ON COLUMN core.ho_so_cong_viec.ngay_ket_thuc IS
'Ngày đóng của hồ sơ hoàn thành (trạng thái 4), không trước ngày mở; infinity khi chưa đóng, chưa rõ.';
CREATE INDEX ho_so_cong_viec_ngay_ket_thuc ON core.ho_so_cong_viec (ngay_ket_thuc);

-- Declarations ---------------------------------------------------------------------------------

CREATE TABLE core.so_lieu_khai_bao (
    ma_so_lieu text COLLATE "C" PRIMARY KEY,
    thu_tu int NOT NULL,
    ten text NOT NULL,
    don_vi_tinh text NOT NULL,
    kieu text NOT NULL CHECK (kieu IN ('so_dem', 'co_khong', 'so_tien')),
    cong_don text NOT NULL CHECK (cong_don IN ('dong', 'cuoi_ky')),
    khong_qua text COLLATE "C",
    chi_tieu text,
    can_cu text NOT NULL,
    huong_dan text NOT NULL
);
COMMENT ON TABLE core.so_lieu_khai_bao IS
'Một dòng = một số liệu đơn vị phải khai hằng tháng, lấy từ sql/reference/so_lieu_khai_bao.csv.';
COMMENT ON COLUMN core.so_lieu_khai_bao.cong_don IS
'dong: cộng các tháng; cuoi_ky: tình trạng vào ngày cuối tháng.';
COMMENT ON COLUMN core.so_lieu_khai_bao.khong_qua IS 'Số liệu mà nó là một phần, phải khai cùng lúc.';

CREATE TABLE core.khai_bao (
    ma_don_vi text COLLATE "C" NOT NULL,
    ky text COLLATE "C" NOT NULL CHECK (ky ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    ma_so_lieu text COLLATE "C" NOT NULL,
    ngay_khai timestamp NOT NULL,
    gia_tri numeric NOT NULL CHECK (gia_tri >= 0 AND gia_tri = trunc(gia_tri)),
    chuc_danh text NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_don_vi, ky, ma_so_lieu, ngay_khai, gia_tri)
);
COMMENT ON TABLE core.khai_bao IS
'Một dòng = một lần khai một số liệu của một đơn vị cho một tháng; khai lại là dòng mới, dòng cũ giữ nguyên.';
COMMENT ON COLUMN core.khai_bao.chuc_danh IS 'Chức danh người khai; kho không giữ họ tên.';
CREATE INDEX khai_bao_ky ON core.khai_bao (ky);

-- Calendar -------------------------------------------------------------------------------------

CREATE TABLE core.lich (
    ngay date PRIMARY KEY,
    la_ngay_lam_viec boolean NOT NULL,
    loai text NOT NULL
    CHECK (loai IN ('thuong', 'cuoi_tuan', 'nghi_le', 'nghi_bu', 'hoan_doi', 'lam_bu')),
    ghi_chu text,
    nguon text,
    da_kiem_chung boolean NOT NULL,
    so_ngay_lam_viec_truoc int NOT NULL CHECK (so_ngay_lam_viec_truoc >= 0),
    CONSTRAINT loai_quyet_dinh_ngay_lam_viec CHECK (la_ngay_lam_viec = (loai IN ('thuong', 'lam_bu')))
);
CREATE UNIQUE INDEX lich_ngay_lam_viec_thu ON core.lich (so_ngay_lam_viec_truoc) WHERE la_ngay_lam_viec;
COMMENT ON TABLE core.lich IS
'Một dòng = một ngày, từ đầu năm đầu tiên đến hết năm cuối cùng đã khai ở sql/reference/lich_nam.csv.';
COMMENT ON COLUMN core.lich.loai IS
'thuong, cuoi_tuan: theo thứ trong tuần; nghi_le, nghi_bu, hoan_doi (nghỉ), lam_bu: theo lich_lam_viec.csv.';
COMMENT ON COLUMN core.lich.nguon IS 'Căn cứ của ngày khác lịch thường.';
COMMENT ON COLUMN core.lich.da_kiem_chung IS 'FALSE: ngày khác lịch thường mà chưa có nguồn tin cậy.';
COMMENT ON COLUMN core.lich.so_ngay_lam_viec_truoc IS
'Số ngày làm việc trước ngày này kể từ ngày đầu của lịch; hiệu của hai ngày là số ngày làm việc ở giữa.';

CREATE TABLE core.buoi_lam_viec (
    tu timestamp PRIMARY KEY,
    den timestamp NOT NULL UNIQUE CHECK (den > tu),
    giay_truoc numeric NOT NULL UNIQUE CHECK (giay_truoc >= 0)
);
COMMENT ON TABLE core.buoi_lam_viec IS
'Một dòng = một buổi của một ngày làm việc trong core.lich, giờ theo sql/reference/gio_lam_viec.csv.';
COMMENT ON COLUMN core.buoi_lam_viec.giay_truoc IS 'Số giây làm việc từ đầu lịch đến khi buổi này bắt đầu.';

-- Counts ---------------------------------------------------------------------------------------

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
    ma_don_vi text COLLATE "C" NOT NULL,
    ma_tthc text COLLATE "C" NOT NULL,
    co bigint NOT NULL,
    PRIMARY KEY (tu_ngay, ma_don_vi, ma_tthc)
);
COMMENT ON TABLE core.tong_hop_tthc IS
'Một dòng = một đơn vị và một thủ tục có gì trong nửa tháng, chỉ cho chỉ số đếm số thủ tục khác nhau.';
COMMENT ON COLUMN core.tong_hop_tthc.co IS
'Mỗi bit một phép đếm của các chỉ số ấy, theo thứ tự: 1 khi đơn vị và thủ tục có ít nhất một dòng.';

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
