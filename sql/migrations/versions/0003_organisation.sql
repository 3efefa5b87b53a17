-- Organisation with history, succession and other names, from reference files and from sources.
-- Run once by Alembic inside a transaction.

ALTER TABLE ops.batch
DROP CONSTRAINT batch_origin_check,
ADD CONSTRAINT batch_origin_check CHECK (origin IN ('api', 'file', 'reference'));
COMMENT ON COLUMN ops.batch.origin IS
'api: kéo từ hệ thống nguồn; file: tệp nạp tay; reference: danh mục tham chiếu của kho (sql/reference).';

-- What is known of units -----------------------------------------------------------------------

ALTER TABLE core.don_vi_phien_ban
ADD COLUMN ma_nguon text NOT NULL DEFAULT 'he_thong' CHECK (ma_nguon IN ('tham_chieu', 'he_thong')),
DROP CONSTRAINT don_vi_phien_ban_pkey,
ADD PRIMARY KEY (ma_nguon, ma_don_vi, thoi_diem, van_tay);
ALTER TABLE core.don_vi_phien_ban ALTER COLUMN ma_nguon DROP DEFAULT;
COMMENT ON COLUMN core.don_vi_phien_ban.ma_nguon IS
'tham_chieu: dòng hiện có của sql/reference/don_vi.csv; he_thong: danh mục của một hệ thống nguồn, giữ mọi lần.';

ALTER TABLE core.don_vi
ADD COLUMN loai text,
ADD COLUMN ma_dinh_danh text COLLATE "C",
ADD COLUMN theo_doi boolean NOT NULL DEFAULT TRUE,
ADD COLUMN da_kiem_chung boolean NOT NULL DEFAULT FALSE,
ADD COLUMN nguon text;
COMMENT ON COLUMN core.don_vi.loai IS 'Loại: tỉnh, sở, huyện, xã, phường, thị trấn…; NULL khi không rõ.';
COMMENT ON COLUMN core.don_vi.ma_dinh_danh IS 'Mã định danh điện tử chính thức; NULL khi chưa biết.';
COMMENT ON COLUMN core.don_vi.theo_doi IS
'Có chờ số liệu của đơn vị không; FALSE thì đơn vị không có dòng khi không có số liệu.';
COMMENT ON COLUMN core.don_vi.da_kiem_chung IS
'TRUE: đã đối chiếu với văn bản, nguồn công khai; FALSE: giả định, hoặc chỉ hệ thống nguồn cho biết.';
COMMENT ON COLUMN core.don_vi.nguon IS 'Căn cứ của dòng trong danh mục tham chiếu; NULL: hệ thống nguồn cho biết.';

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

-- What follows from it, rebuilt with every load of units ---------------------------------------

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

CREATE VIEW ops.don_vi_khac_tham_chieu AS
SELECT
    n.ma_don_vi_nguon,
    n.ma_don_vi,
    n.khop_theo,
    o.key AS cot,
    o.value ->> 'nguon' AS gia_tri_nguon,
    o.value ->> 'tham_chieu' AS gia_tri_tham_chieu,
    n.batch_id,
    n.line_no
FROM core.don_vi_nguon AS n
CROSS JOIN LATERAL jsonb_each(n.khac) AS o;
COMMENT ON VIEW ops.don_vi_khac_tham_chieu IS
'Một dòng = một điều hệ thống nguồn nói về một đơn vị khác với danh mục tham chiếu: cảnh báo, cần người xem.';

CREATE TABLE core.don_vi_tra_loi (
    ma_goc text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    ma_don_vi text COLLATE "C" NOT NULL,
    PRIMARY KEY (ma_goc, valid_from)
);
COMMENT ON TABLE core.don_vi_tra_loi IS
'Một dòng = trong một khoảng thời gian, mã đơn vị (kể cả mã của nguồn) do đơn vị nào trả lời; không hở ngày nào.';

-- Units loaded before this migration answer as they did, until units are loaded again.
INSERT INTO core.don_vi_tra_loi (ma_goc, valid_from, valid_to, ma_don_vi)
SELECT
    t.ma_goc,
    moc.tu,
    moc.den,
    t.ma_don_vi
FROM (
    SELECT
        ngay.tu,
        lead(ngay.tu, 1, 'infinity'::date) OVER (ORDER BY ngay.tu) - 1 AS den
    FROM (
        SELECT '-infinity'::date AS tu
        UNION
        SELECT valid_to + 1 AS tu
        FROM core.don_vi
        WHERE valid_to < 'infinity'
    ) AS ngay
) AS moc
CROSS JOIN LATERAL core.don_vi_tai_ngay(moc.tu) AS t;

DROP FUNCTION core.don_vi_tai_ngay(date);

CREATE FUNCTION core.don_vi_tai_ngay(ngay date)
RETURNS TABLE (
    ma_goc text, ma_don_vi text, ten_don_vi text, cap text, con_hieu_luc boolean,
    theo_doi boolean, da_kiem_chung boolean
)
LANGUAGE sql STABLE AS $$
SELECT
    t.ma_goc,
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    don_vi_tai_ngay.ngay BETWEEN d.valid_from AND d.valid_to AS con_hieu_luc,
    d.theo_doi,
    d.da_kiem_chung
FROM core.don_vi_tra_loi AS t
INNER JOIN (
    -- As it is on that day, or else as it last was.
    SELECT DISTINCT ON (dv.ma_don_vi) dv.*
    FROM core.don_vi AS dv
    ORDER BY
        dv.ma_don_vi ASC,
        (don_vi_tai_ngay.ngay BETWEEN dv.valid_from AND dv.valid_to) DESC,
        dv.valid_from DESC
) AS d ON t.ma_don_vi = d.ma_don_vi
WHERE don_vi_tai_ngay.ngay BETWEEN t.valid_from AND t.valid_to
$$;
COMMENT ON FUNCTION core.don_vi_tai_ngay(date) IS
'Một dòng = một mã đơn vị và đơn vị trả lời thay nó vào ngày đã cho: chính nó, hoặc đơn vị kế thừa.';

-- For BI ---------------------------------------------------------------------------------------

CREATE VIEW mart.don_vi AS
SELECT
    d.ma_don_vi,
    d.valid_from AS hieu_luc_tu,
    d.valid_to AS hieu_luc_den,
    d.ten_don_vi,
    d.cap,
    d.loai,
    d.ma_don_vi_cha,
    d.ma_gso,
    d.ma_dinh_danh,
    d.ma_don_vi_ke_thua,
    d.theo_doi,
    d.da_kiem_chung,
    d.nguon
FROM core.don_vi AS d;
COMMENT ON VIEW mart.don_vi IS
'Một dòng = một đơn vị trong một khoảng hiệu lực. Mã GSO được dùng lại sau 01/07/2025: khoá là ma_don_vi.';
COMMENT ON COLUMN mart.don_vi.ma_don_vi IS
'Mã đơn vị của kho: mã GSO của tỉnh, dấu chấm, mã GSO hoặc tên sở; mã của nguồn khi danh mục không có đơn vị.';
COMMENT ON COLUMN mart.don_vi.hieu_luc_tu IS 'Ngày đầu có hiệu lực; -infinity khi không rõ.';
COMMENT ON COLUMN mart.don_vi.hieu_luc_den IS 'Ngày cuối có hiệu lực, tính cả ngày này; infinity khi đang còn.';
COMMENT ON COLUMN mart.don_vi.ten_don_vi IS 'Tên đơn vị trong khoảng này.';
COMMENT ON COLUMN mart.don_vi.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.don_vi.loai IS 'Loại: tỉnh, sở, huyện, xã, phường, thị trấn…; NULL khi không rõ.';
COMMENT ON COLUMN mart.don_vi.ma_don_vi_cha IS 'Mã đơn vị cấp trên trực tiếp.';
COMMENT ON COLUMN mart.don_vi.ma_gso IS 'Mã đơn vị hành chính của Tổng cục Thống kê; chỉ đúng trong khoảng hiệu lực.';
COMMENT ON COLUMN mart.don_vi.ma_dinh_danh IS 'Mã định danh điện tử chính thức; NULL khi chưa biết.';
COMMENT ON COLUMN mart.don_vi.ma_don_vi_ke_thua IS
'Đơn vị kế thừa khi hết hiệu lực; hồ sơ chưa xong chuyển sang đơn vị này.';
COMMENT ON COLUMN mart.don_vi.theo_doi IS 'Có chờ số liệu của đơn vị không; FALSE: chưa nguồn nào báo cáo.';
COMMENT ON COLUMN mart.don_vi.da_kiem_chung IS
'TRUE: đã đối chiếu với văn bản, nguồn công khai; FALSE: giả định, hoặc chỉ hệ thống nguồn cho biết.';
COMMENT ON COLUMN mart.don_vi.nguon IS 'Căn cứ của dòng; NULL: hệ thống nguồn cho biết.';

CREATE VIEW mart.ke_thua AS
SELECT
    k.ma_don_vi_cu,
    k.ma_don_vi_moi,
    k.loai,
    k.ngay_hieu_luc,
    k.nhan_ton,
    k.da_kiem_chung,
    k.nguon
FROM core.ke_thua AS k;
COMMENT ON VIEW mart.ke_thua IS 'Một dòng = một đơn vị kế thừa một đơn vị khác từ một ngày.';
COMMENT ON COLUMN mart.ke_thua.ma_don_vi_cu IS 'Mã đơn vị cũ, xem mart.don_vi.';
COMMENT ON COLUMN mart.ke_thua.ma_don_vi_moi IS 'Mã đơn vị mới, xem mart.don_vi.';
COMMENT ON COLUMN mart.ke_thua.loai IS
'hop_nhat: hợp nhất, sáp nhập; chia_tach: chia tách; doi_ten: đổi tên; chuyen_giao: chuyển một phần.';
COMMENT ON COLUMN mart.ke_thua.ngay_hieu_luc IS 'Ngày đầu đơn vị mới thay đơn vị cũ.';
COMMENT ON COLUMN mart.ke_thua.nhan_ton IS 'TRUE: hồ sơ chưa xong của đơn vị cũ chuyển sang đơn vị mới này.';
COMMENT ON COLUMN mart.ke_thua.da_kiem_chung IS 'FALSE: giả định, chưa có văn bản.';
COMMENT ON COLUMN mart.ke_thua.nguon IS 'Căn cứ của dòng.';
