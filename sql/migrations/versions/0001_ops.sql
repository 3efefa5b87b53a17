-- Schemas ops and staging: what was received, how it was judged, what still waits to be counted.
-- Run once by Alembic inside a transaction, after mart; nothing in it is edited any more.

CREATE SCHEMA staging;
COMMENT ON SCHEMA staging IS
'Vùng đệm: mỗi lô một bảng UNLOGGED, xoá sau khi nạp. Không có cột dữ liệu cá nhân.';

CREATE SCHEMA ops;
COMMENT ON SCHEMA ops IS 'Vận hành: lô nhận, kết quả kiểm tra, dòng bị loại, kỳ chờ tính.';

-- Batches --------------------------------------------------------------------------------------

CREATE TABLE ops.batch (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint NOT NULL,
    landed_path text NOT NULL,
    original_name text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('api', 'file', 'reference')),
    window_from timestamp,
    window_to timestamp,
    extracted_at timestamp,
    layout text,
    extra_columns text[] NOT NULL DEFAULT '{}',
    missing_columns text[] NOT NULL DEFAULT '{}',
    personal_columns text[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'landed'
    CHECK (status IN ('landed', 'validated', 'stopped', 'loaded')),
    stop_reason text,
    judged_against text,
    stated_total bigint,
    lines_read bigint,
    lines_accepted bigint,
    lines_rejected bigint,
    lines_superseded bigint,
    landed_at timestamptz NOT NULL DEFAULT now(),
    validated_at timestamptz,
    loaded_at timestamptz,
    UNIQUE (dataset, sha256),
    CONSTRAINT nothing_is_lost CHECK (
        status <> 'loaded'
        OR (
            lines_read IS NOT NULL
            AND lines_accepted IS NOT NULL
            AND lines_rejected IS NOT NULL
            AND lines_superseded IS NOT NULL
            AND least(lines_accepted, lines_rejected, lines_superseded) >= 0
            AND lines_read = lines_accepted + lines_rejected + lines_superseded
        )
    ),
    CONSTRAINT stated_total_agrees CHECK (
        status <> 'loaded' OR stated_total IS NULL OR stated_total = lines_read
    )
);
COMMENT ON TABLE ops.batch IS 'Một dòng = một tệp đã nhận của một bộ dữ liệu; cùng tệp nhận lại thì dùng lại dòng cũ.';
COMMENT ON COLUMN ops.batch.origin IS
'api: kéo từ hệ thống nguồn; file: tệp nạp tay; reference: danh mục tham chiếu của kho (sql/reference).';
COMMENT ON COLUMN ops.batch.extracted_at IS 'Thời điểm dữ liệu được xuất ở hệ thống nguồn, giờ Việt Nam.';
COMMENT ON COLUMN ops.batch.personal_columns IS
'Tên các cột dữ liệu cá nhân có trong tệp; nội dung không rời khỏi tệp gốc.';
COMMENT ON COLUMN ops.batch.window_to IS 'Cuối khoảng thay đổi đã kéo từ API; mốc nước của lần kéo sau.';
COMMENT ON COLUMN ops.batch.judged_against IS 'Danh mục đã dùng khi kiểm tra; danh mục đổi thì kiểm tra lại.';
COMMENT ON CONSTRAINT nothing_is_lost ON ops.batch IS
'Số dòng đọc = nhận + loại + bị thay thế; không thể ghi kết quả khác.';

CREATE TABLE ops.validation_result (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    rule_id text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    scope text NOT NULL CHECK (scope IN ('dong', 'lo')),
    success boolean NOT NULL,
    checked_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (batch_id, rule_id)
);
COMMENT ON TABLE ops.validation_result IS
'Một dòng = một quy tắc trên một lô: chỉ số đếm, không có giá trị gốc.';

CREATE TABLE ops.reject (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    line_no bigint NOT NULL,
    rule_ids text[] NOT NULL CHECK (cardinality(rule_ids) > 0),
    reasons text[] NOT NULL,
    masked_row jsonb NOT NULL,
    PRIMARY KEY (batch_id, line_no)
);
COMMENT ON TABLE ops.reject IS
'Một dòng = một dòng của tệp không được nạp, với mọi lý do; cột cá nhân đã che.';

CREATE TABLE ops.line_finding (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    line_no bigint NOT NULL,
    khoa text COLLATE "C",
    thoi_diem timestamp,
    ma_don_vi text COLLATE "C",
    bi_loai boolean NOT NULL,
    rule_ids text[] NOT NULL CHECK (cardinality(rule_ids) > 0),
    PRIMARY KEY (batch_id, line_no)
);
COMMENT ON TABLE ops.line_finding IS
'Một dòng = một dòng của tệp vi phạm ít nhất một quy tắc, dù bị loại hay chỉ bị cảnh báo.';
COMMENT ON COLUMN ops.line_finding.khoa IS
'Khoá của dòng (mã hồ sơ, mã đơn vị, mã gốc thủ tục), đã che như ops.reject.';
COMMENT ON COLUMN ops.line_finding.thoi_diem IS 'Thời điểm thay đổi ở nguồn; NULL khi không đọc được.';
COMMENT ON COLUMN ops.line_finding.ma_don_vi IS 'Đơn vị mà dòng thuộc về khi kiểm tra; NULL khi không rõ.';
COMMENT ON COLUMN ops.line_finding.bi_loai IS 'TRUE: dòng không được nạp, xem ops.reject; FALSE: chỉ cảnh báo.';

-- Months that wait, figures that changed -------------------------------------------------------

CREATE SEQUENCE ops.period_change;
COMMENT ON SEQUENCE ops.period_change IS 'Số thứ tự thay đổi, để biết kỳ nào chưa tính lại.';

CREATE TABLE ops.period (
    ky text PRIMARY KEY CHECK (ky ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    changed bigint NOT NULL DEFAULT nextval('ops.period_change'),
    counted bigint NOT NULL DEFAULT 0,
    refreshed bigint NOT NULL DEFAULT 0,
    counted_with text,
    refreshed_with text,
    refreshed_at timestamptz
);
COMMENT ON TABLE ops.period IS
'Một dòng = một tháng: changed > refreshed nghĩa là dữ liệu đã đổi mà bảng chỉ số chưa tính lại.';
COMMENT ON COLUMN ops.period.counted IS 'Giá trị changed khi core.tong_hop của tháng được tính.';
COMMENT ON COLUMN ops.period.counted_with IS 'Vân tay của định nghĩa đo lường khi tính core.tong_hop.';
COMMENT ON COLUMN ops.period.refreshed_with IS 'Vân tay của mọi định nghĩa, chỉ tiêu khi tính mart.';

CREATE TABLE ops.batch_period (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    ky text NOT NULL REFERENCES ops.period,
    changed bigint NOT NULL,
    PRIMARY KEY (batch_id, ky)
);
COMMENT ON COLUMN ops.batch_period.changed IS 'Giá trị changed mà lô đã ghi vào ops.period.';
COMMENT ON TABLE ops.batch_period IS 'Một dòng = một tháng mà một lô đã làm thay đổi.';

CREATE TABLE ops.period_written (
    ky_loai text NOT NULL,
    ky text NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (ky_loai, ky),
    FOREIGN KEY (ky_loai, ky) REFERENCES mart.ky ON DELETE CASCADE
);
COMMENT ON TABLE ops.period_written IS
'Một dòng = một kỳ đã ghi vào mart: số thay đổi mới nhất (ops.batch_period.changed) mà con số của kỳ đã phản ánh.';

CREATE TABLE ops.figure_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    changed_at timestamptz NOT NULL DEFAULT now(),
    ky_loai text NOT NULL,
    ky text NOT NULL,
    ma_chi_so text NOT NULL,
    phien_ban_cu int,
    phien_ban_moi int,
    ma_don_vi text NOT NULL,
    tu_so_cu bigint,
    mau_so_cu bigint,
    gia_tri_cu numeric,
    tu_so_moi bigint,
    mau_so_moi bigint,
    gia_tri_moi numeric,
    batch_ids bigint[] NOT NULL
);
COMMENT ON TABLE ops.figure_change IS
'Một dòng = một con số tạm tính đã đổi khi tính lại: giá trị cũ, mới, các lô gây ra. Chỉ thêm.';
CREATE INDEX figure_change_ky ON ops.figure_change (ky_loai, ky, ma_chi_so, ma_don_vi);

-- Views and functions --------------------------------------------------------------------------

CREATE TABLE ops.database_object (
    kind text NOT NULL CHECK (kind IN ('view', 'function')),
    name text NOT NULL,
    source text NOT NULL,
    md5 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE ops.database_object IS
'Một dòng = một khung nhìn hoặc hàm của kho và vân tay của nội dung đã áp dụng; nội dung đổi thì tạo lại.';
COMMENT ON COLUMN ops.database_object.name IS 'Tên kèm lược đồ, cũng là tên tệp.';
COMMENT ON COLUMN ops.database_object.source IS
'Nơi viết nội dung: sql (sql/views, sql/functions) hoặc sql/indicators (hàm sinh từ định nghĩa chỉ số).';
