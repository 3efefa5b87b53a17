-- What is expected and until when: deadlines, the datasets that are pulled; findings that are silenced.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE core.ky_han (
    ma_han text COLLATE "C" NOT NULL,
    loai text NOT NULL CHECK (loai IN ('du_lieu', 'doi_chieu', 'khai_bao', 'xac_nhan', 'chot', 'bao_cao')),
    ten text NOT NULL,
    chu_ky text NOT NULL CHECK (chu_ky IN ('ngay', 'thang', 'quy', 'nua_nam', 'nam')),
    che_do text NOT NULL CHECK (che_do IN ('lich', 'bao_cao')),
    cap text[] NOT NULL,
    noi_nhan text,
    so_ngay int CHECK (so_ngay >= 0),
    loai_ngay text CHECK (loai_ngay IN ('lam_viec', 'lich')),
    hieu_luc_tu date NOT NULL,
    hieu_luc_den date NOT NULL,
    trang_thai text NOT NULL CHECK (trang_thai IN ('van_ban', 'noi_bo', 'chua_xac_nhan')),
    nguon text NOT NULL,
    PRIMARY KEY (ma_han, hieu_luc_tu)
);
COMMENT ON TABLE core.ky_han IS
'Một dòng = một hạn nộp trong một khoảng hiệu lực, lấy từ sql/reference/ky_han.csv.';
COMMENT ON COLUMN core.ky_han.loai IS
'du_lieu: dữ liệu xuất; doi_chieu: đối chiếu với nguồn; khai_bao, xac_nhan, chot: phiếu, xác nhận, chốt; bao_cao.';
COMMENT ON COLUMN core.ky_han.chu_ky IS 'Nộp mỗi ngày, tháng, quý, nửa năm hay năm.';
COMMENT ON COLUMN core.ky_han.che_do IS 'lich: kỳ dương lịch; bao_cao: kỳ báo cáo, từ ngày 15 đến ngày 14.';
COMMENT ON COLUMN core.ky_han.cap IS 'Các cấp phải nộp.';
COMMENT ON COLUMN core.ky_han.so_ngay IS 'Số ngày sau ngày cuối kỳ; NULL: chưa biết hạn, không ai bị coi là trễ.';
COMMENT ON COLUMN core.ky_han.loai_ngay IS 'lam_viec: ngày làm việc; lich: ngày dương lịch.';
COMMENT ON COLUMN core.ky_han.trang_thai IS
'van_ban: văn bản ghi rõ; noi_bo: lịch chạy của kho; chua_xac_nhan: kho tự đặt hoặc văn bản không ghi ngày.';

CREATE TABLE core.han_nop (
    ma_han text COLLATE "C" NOT NULL,
    ky_loai text NOT NULL,
    ky text COLLATE "C" NOT NULL,
    loai text NOT NULL,
    cap text[] NOT NULL,
    tu_ngay date NOT NULL,
    den_ngay date NOT NULL,
    so_ngay int,
    han date,
    PRIMARY KEY (ma_han, ky_loai, ky)
);
CREATE INDEX han_nop_ky ON core.han_nop (ky);
COMMENT ON TABLE core.han_nop IS
'Một dòng = một hạn của một kỳ: core.ky_han trải ra theo lịch làm việc đã khai.';
COMMENT ON COLUMN core.han_nop.so_ngay IS 'Số ngày của hạn, như core.ky_han.';
COMMENT ON COLUMN core.han_nop.han IS
'Ngày cuối cùng còn đúng hạn; NULL: chưa biết hạn, hoặc lịch làm việc chưa khai đến ngày ấy.';

CREATE TABLE core.bo_du_lieu_keo (
    dataset text PRIMARY KEY,
    thu_tu int NOT NULL,
    ten text NOT NULL,
    he_thong text NOT NULL,
    doi_chieu boolean NOT NULL
);
COMMENT ON TABLE core.bo_du_lieu_keo IS 'Một dòng = một bộ dữ liệu kéo từ hệ thống nguồn, theo hợp đồng dữ liệu.';
COMMENT ON COLUMN core.bo_du_lieu_keo.doi_chieu IS 'Nguồn có nêu tổng số theo tháng để đối chiếu không.';

-- The first pull that covers a day.
CREATE INDEX batch_dataset_landed_at ON ops.batch (dataset, landed_at);

CREATE TABLE ops.im_lang (
    im_lang_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ma_phat_hien text COLLATE "C" NOT NULL CHECK (ma_phat_hien ~ '^[a-z0-9_]+(:[A-Za-z0-9_.-]+)?$'),
    ly_do text NOT NULL CHECK (length(ly_do) BETWEEN 10 AND 300 AND ly_do !~ '[[:cntrl:]]'),
    boi text COLLATE "C" NOT NULL,
    tu_luc timestamptz NOT NULL DEFAULT now(),
    den_luc timestamptz NOT NULL,
    CONSTRAINT khong_qua_31_ngay CHECK (den_luc >= tu_luc AND den_luc <= tu_luc + interval '31 days')
);
COMMENT ON TABLE ops.im_lang IS
'Một dòng = một lần cho im một phát hiện, có lý do và lúc hết; dòng mới nhất của mỗi mã là dòng đang dùng. Chỉ thêm.';
COMMENT ON COLUMN ops.im_lang.ma_phat_hien IS 'Mã mà python -m cchc probe in ra, ví dụ du_lieu:ho_so.';
COMMENT ON COLUMN ops.im_lang.ly_do IS 'Vì sao không cần báo; không ghi họ tên.';
COMMENT ON COLUMN ops.im_lang.boi IS 'Tài khoản đã cho im; ghi bằng ops.cho_im_lang.';
COMMENT ON COLUMN ops.im_lang.den_luc IS 'Hết lúc nào, nhiều nhất sau 31 ngày; từ đó lại báo.';
CREATE INDEX im_lang_ma_phat_hien ON ops.im_lang (ma_phat_hien, im_lang_id);
REVOKE INSERT, UPDATE, DELETE ON ops.im_lang FROM cchc_etl;

-- A unit looks at the declarations behind its own figures: which code means which unit stands there.
GRANT SELECT ON core.don_vi_nguon, core.han_nop TO cchc_don_vi;
-- Through views of mart.
GRANT SELECT ON core.han_nop TO cchc_bi;

CREATE TABLE ops.phien_ban_kho (
    revision text COLLATE "C" PRIMARY KEY,
    luc timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.phien_ban_kho IS
'Một dòng = lần chuyển đổi (migration) sau cùng mà kho đã qua, cho người không đọc được bảng của Alembic.';
REVOKE INSERT, UPDATE, DELETE ON ops.phien_ban_kho FROM cchc_etl;
