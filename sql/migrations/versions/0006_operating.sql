-- What is loaded and how it was last judged; what the daily tidying removed; points of QĐ 766 with their state.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

-- Batches --------------------------------------------------------------------------------------

ALTER TABLE ops.batch
ADD COLUMN judgement text CHECK (judgement IN ('passed', 'stopped')),
ADD COLUMN judged_again jsonb,
ADD COLUMN file_deleted_at timestamptz;
UPDATE ops.batch
SET
    judgement = CASE status
        WHEN 'stopped' THEN 'stopped'
        WHEN 'validated' THEN 'passed'
        WHEN 'loaded' THEN 'passed'
    END;
ALTER TABLE ops.batch
ADD CONSTRAINT only_what_is_loaded_is_judged_again CHECK (judged_again IS NULL OR status = 'loaded'),
ADD CONSTRAINT only_files_of_loaded_batches_are_deleted CHECK (file_deleted_at IS NULL OR status = 'loaded');
COMMENT ON COLUMN ops.batch.status IS
'Lô đã đi đến đâu: landed đã nhận tệp; validated kiểm tra đạt; stopped bị dừng, chưa từng nạp; loaded đã nạp. '
'Đã nạp thì giữ loaded, dù tệp đến lại và lần kiểm tra sau ra sao (xem judgement).';
COMMENT ON COLUMN ops.batch.judgement IS
'Lần kiểm tra gần nhất: passed đạt; stopped bị dừng vì stop_reason; trống: chưa kiểm tra, hoặc đang kiểm tra lại.';
COMMENT ON COLUMN ops.batch.stop_reason IS
'Vì sao lần kiểm tra gần nhất dừng lô, hoặc lô đang chờ gì. Với lô đã nạp (loaded), phần đã nạp vẫn giữ nguyên.';
COMMENT ON COLUMN ops.batch.judged_again IS
'Chỉ ở lô đã nạp: những gì lần đọc, kiểm tra sau tìm thấy (cột → giá trị), chờ nạp lại; nạp xong thì trống.';
COMMENT ON COLUMN ops.batch.file_deleted_at IS
'Tệp gốc đã được xoá có chủ đích khi hết hạn lưu, xem ops.deleted_file; trống: tệp phải còn nguyên.';

-- Tidying --------------------------------------------------------------------------------------

CREATE TABLE ops.sweep (
    sweep_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    swept_at timestamptz NOT NULL DEFAULT now(),
    what text NOT NULL CHECK (what IN ('landing_file', 'handed_in', 'temporary', 'staging')),
    how_many int NOT NULL CHECK (how_many >= 0),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    names text[] NOT NULL
);
COMMENT ON TABLE ops.sweep IS
'Một dòng = một loại đồ bỏ lại của tiến trình bị ngắt, trong một lần dọn hằng ngày; không có gì thì 0.';
COMMENT ON COLUMN ops.sweep.what IS
'landing_file tệp đang ghi dở trong vùng nhận; handed_in bản sao tệp nạp tay; temporary tệp, thư mục tạm; '
'staging bảng đệm của lô không còn ai nạp.';
COMMENT ON COLUMN ops.sweep.how_many IS 'Số tệp, thư mục hoặc bảng đã xoá.';
COMMENT ON COLUMN ops.sweep.bytes IS 'Số byte trên đĩa được trả lại.';
COMMENT ON COLUMN ops.sweep.names IS 'Tên những gì đã xoá, tối đa 20; tên do kho đặt, không phải tên tệp của nguồn.';

CREATE TABLE ops.deleted_file (
    deletion_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    kept_days int NOT NULL CHECK (kept_days > 0),
    lost text NOT NULL
);
COMMENT ON TABLE ops.deleted_file IS
'Một dòng = một tệp gốc trong vùng nhận đã được xoá vì hết hạn lưu của bộ dữ liệu.';
COMMENT ON COLUMN ops.deleted_file.kept_days IS
'Hạn lưu của bộ dữ liệu (keep_landed_days) khi xoá, số ngày kể từ lần nạp.';
COMMENT ON COLUMN ops.deleted_file.lost IS 'Những gì từ đó không còn dựng lại được.';
CREATE INDEX deleted_file_batch ON ops.deleted_file (batch_id);

-- Points of QĐ 766 -----------------------------------------------------------------------------

-- Filled again from sql/reference by the next refresh, which counts all open months anew.
DELETE FROM mart.thang_diem_766;
ALTER TABLE mart.thang_diem_766
DROP COLUMN da_kiem_chung,
ADD COLUMN cap text[] NOT NULL,
ADD COLUMN trang_thai text NOT NULL CHECK (trang_thai IN ('van_ban', 'quan_sat', 'chua_xac_nhan')),
ADD CONSTRAINT cap_co_that CHECK (cap <@ ARRAY['toan_tinh', 'so_nganh', 'huyen', 'xa']),
ADD CONSTRAINT hieu_luc_xuoi CHECK (hieu_luc_den >= hieu_luc_tu),
DROP CONSTRAINT thang_diem_766_pkey,
ADD PRIMARY KEY (ma, hieu_luc_tu, cap);
COMMENT ON COLUMN mart.thang_diem_766.cap IS 'Các cấp được chấm theo dòng này; rỗng: mọi cấp.';
COMMENT ON COLUMN mart.thang_diem_766.trang_thai IS
'van_ban: văn bản hay tài liệu của Cổng DVCQG ghi; quan_sat: suy ra từ câu trả lời của Cổng; '
'chua_xac_nhan: chưa có, hoặc trái nhau, nên không cộng vào tổng.';

ALTER TABLE mart.diem_766
ADD COLUMN trang_thai text CHECK (trang_thai IN ('van_ban', 'quan_sat', 'chua_xac_nhan')),
ADD COLUMN diem_chua_xac_nhan numeric;
UPDATE mart.diem_766 SET trang_thai = 'chua_xac_nhan'
WHERE ma <> '';
ALTER TABLE mart.diem_766
ADD CONSTRAINT chi_so_co_trang_thai CHECK ((ma = '') = (trang_thai IS NULL));
COMMENT ON COLUMN mart.diem_766.trang_thai IS
'Cách chấm chỉ số này đã xác nhận đến đâu, xem mart.thang_diem_766; trống ở dòng nhóm và dòng tổng.';
COMMENT ON COLUMN mart.diem_766.diem_chua_xac_nhan IS
'Ở dòng nhóm và dòng tổng: điểm của những chỉ số chua_xac_nhan, không nằm trong diem; trống khi không có.';
COMMENT ON COLUMN mart.diem_766.diem IS
'Điểm: điểm tối đa × tỷ lệ / ngưỡng, không quá điểm tối đa, 2 chữ số thập phân; NULL khi không tính được. '
'Dòng nhóm và dòng tổng chỉ cộng chỉ số van_ban và quan_sat: một phần, không phải điểm chính thức.';
COMMENT ON COLUMN mart.diem_766.diem_toi_da IS
'Điểm tối đa; ở dòng nhóm và tổng chỉ cộng những phần tính được và đã xác nhận, tức là điểm được chấm trên bao nhiêu.';
COMMENT ON COLUMN mart.diem_766.diem_toi_da_ca_nhom IS 'Điểm tối đa kể cả phần không tính được hoặc chưa xác nhận.';
