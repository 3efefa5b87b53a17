-- What is loaded again because units are described otherwise; staged lines as they were judged; copies of files.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE ops.reopened (
    batch_id bigint PRIMARY KEY REFERENCES ops.batch ON DELETE CASCADE,
    caused_by bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    reason text NOT NULL CHECK (reason IN ('don_vi', 'tra_lai')),
    reopened_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.reopened IS
'Một dòng = một lô đã nạp phải nạp lại từ tệp gốc; nạp lại xong thì dòng mất. Còn dòng: số liệu có thể chưa đúng.';
COMMENT ON COLUMN ops.reopened.batch_id IS 'Lô phải nạp lại.';
COMMENT ON COLUMN ops.reopened.caused_by IS 'Lô làm cho phải nạp lại: danh mục đơn vị, hoặc lô có dòng bị lấy lại.';
COMMENT ON COLUMN ops.reopened.reason IS
'don_vi: tên hoặc mã trong lô có thể chỉ đơn vị khác; '
'tra_lai: lô có thể còn trạng thái cũ hơn của một hồ sơ đã bị lấy lại.';
COMMENT ON COLUMN ops.reopened.reopened_at IS 'Khi nào.';

ALTER TABLE ops.batch ADD COLUMN staged_as text;
COMMENT ON COLUMN ops.batch.staged_as IS
'Giao dịch đã ghi bảng đệm và số dòng có khoá lặp; bảng đệm có dòng do giao dịch khác ghi thì tệp được đọc lại.';

ALTER TABLE ops.sweep DROP CONSTRAINT sweep_what_check;
ALTER TABLE ops.sweep ADD CONSTRAINT sweep_what_check
CHECK (what IN ('landing_file', 'landed_copy', 'handed_in', 'temporary', 'staging'));
COMMENT ON COLUMN ops.sweep.what IS
'landing_file tệp đang ghi dở trong vùng nhận; landed_copy bản sao thừa của tệp gốc; handed_in bản sao tệp nạp tay; '
'temporary tệp, thư mục tạm; staging bảng đệm của lô không còn ai nạp.';
