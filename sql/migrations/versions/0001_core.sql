-- Schema core: typed dimensions with history, dossiers by month of receipt, monthly counts.
-- Run once by Alembic inside a transaction.

CREATE SCHEMA core;
COMMENT ON SCHEMA core IS 'Dữ liệu đã kiểm tra. Không có họ tên, số giấy tờ, điện thoại, địa chỉ.';

CREATE AGGREGATE core.overlay(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}'); -- noqa: all
COMMENT ON AGGREGATE core.overlay(jsonb) IS -- noqa: all
'Ghép các bản ghi theo thứ tự: cột có trong bản sau đè bản trước, cột vắng thì giữ nguyên.';

-- Organisation ---------------------------------------------------------------------------------

CREATE TABLE core.don_vi_phien_ban (
    ma_don_vi text COLLATE "C" NOT NULL,
    thoi_diem timestamp NOT NULL,
    van_tay text NOT NULL,
    ban_ghi jsonb NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_don_vi, thoi_diem, van_tay)
);
COMMENT ON TABLE core.don_vi_phien_ban IS
'Một dòng = một lần nguồn mô tả một đơn vị; core.don_vi được dựng từ đây nên không phụ thuộc thứ tự nhận.';

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
    PRIMARY KEY (ma_don_vi, valid_from)
);
COMMENT ON TABLE core.don_vi IS
'Một dòng = một đơn vị trong một khoảng hiệu lực; các khoảng của một đơn vị không chồng nhau.';
COMMENT ON COLUMN core.don_vi.ma_don_vi_ke_thua IS
'Đơn vị kế thừa khi hết hiệu lực; hồ sơ chưa xong chuyển sang đơn vị này.';

CREATE FUNCTION core.don_vi_tai_ngay(ngay date)
RETURNS TABLE (ma_goc text, ma_don_vi text, ten_don_vi text, cap text, con_hieu_luc boolean)
LANGUAGE sql STABLE AS $$
WITH RECURSIVE dong_ke_thua AS (
    SELECT DISTINCT
        d.ma_don_vi AS ma_goc,
        d.ma_don_vi,
        0 AS buoc
    FROM core.don_vi AS d
    UNION ALL
    SELECT
        k.ma_goc,
        d.ma_don_vi_ke_thua AS ma_don_vi,
        k.buoc + 1 AS buoc
    FROM dong_ke_thua AS k
    INNER JOIN core.don_vi AS d ON k.ma_don_vi = d.ma_don_vi
    WHERE
        d.ma_don_vi_ke_thua IS NOT NULL
        AND d.valid_to < don_vi_tai_ngay.ngay
        -- A chain of successions is short; a circle in the source's data must not run for ever.
        AND k.buoc < 20
        AND NOT EXISTS (
            SELECT 1 FROM core.don_vi AS con
            WHERE con.ma_don_vi = k.ma_don_vi AND con.valid_to >= don_vi_tai_ngay.ngay
        )
),

ke_thua AS (
    SELECT DISTINCT ON (k.ma_goc)
        k.ma_goc,
        k.ma_don_vi
    FROM dong_ke_thua AS k
    INNER JOIN core.don_vi AS d ON k.ma_don_vi = d.ma_don_vi
    ORDER BY k.ma_goc ASC, k.buoc DESC
)

SELECT DISTINCT ON (k.ma_goc)
    k.ma_goc,
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    don_vi_tai_ngay.ngay BETWEEN d.valid_from AND d.valid_to AS con_hieu_luc
FROM ke_thua AS k
INNER JOIN core.don_vi AS d ON k.ma_don_vi = d.ma_don_vi
ORDER BY k.ma_goc ASC, (don_vi_tai_ngay.ngay BETWEEN d.valid_from AND d.valid_to) DESC, d.valid_from DESC
$$;
COMMENT ON FUNCTION core.don_vi_tai_ngay(date) IS
'Một dòng = một mã đơn vị và đơn vị trả lời thay nó vào ngày đã cho: chính nó, hoặc đơn vị kế thừa.';

CREATE TABLE core.don_vi_khoa (
    khoa text COLLATE "C" NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    PRIMARY KEY (khoa, valid_from)
);
COMMENT ON TABLE core.don_vi_khoa IS
'Một dòng = một cách gọi (mã, tên đã gấp chữ) chỉ đúng một đơn vị trong khoảng hiệu lực; tên mơ hồ không có.';

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
CREATE INDEX ho_so_ngay_ket_thuc ON core.ho_so (ngay_ket_thuc);

CREATE TABLE core.ho_so_chua_tiep_nhan PARTITION OF core.ho_so DEFAULT;
COMMENT ON TABLE core.ho_so_chua_tiep_nhan IS 'Hồ sơ chưa có ngày tiếp nhận.';

CREATE FUNCTION core.ensure_ho_so_partition(month_start date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    partition_name text := 'ho_so_' || to_char(month_start, 'YYYY_MM');
BEGIN
    IF to_regclass('core.' || partition_name) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE core.%I PARTITION OF core.ho_so FOR VALUES FROM (%L) TO (%L)',
            partition_name, month_start, (month_start + interval '1 month')::date
        );
    END IF;
END
$$;

-- Counts ---------------------------------------------------------------------------------------

CREATE TABLE core.tong_hop (
    fact text NOT NULL,
    ky text NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    ma_tthc text COLLATE "C" NOT NULL,
    so bigint[] NOT NULL,
    moi_nhat timestamp,
    PRIMARY KEY (fact, ky, ma_don_vi, ma_tthc)
);
COMMENT ON TABLE core.tong_hop IS
'Một dòng = số đếm trong tháng của một đơn vị và một thủ tục; thứ tự phần tử của so ở core.do_luong.';

CREATE TABLE core.do_luong (
    fact text NOT NULL,
    vi_tri int NOT NULL,
    su_kien text NOT NULL,
    cong_don text NOT NULL CHECK (cong_don IN ('dong', 'dau_ky', 'cuoi_ky')),
    dieu_kien text NOT NULL,
    PRIMARY KEY (fact, vi_tri)
);
COMMENT ON TABLE core.do_luong IS
'Một dòng = một phần tử của core.tong_hop.so: sự kiện, điều kiện và cách cộng dồn qua các tháng.';
