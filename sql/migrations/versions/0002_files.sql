ALTER TABLE ops.batch
ADD COLUMN records_in_file bigint,
ADD COLUMN lines_skipped bigint,
ADD COLUMN time_source text CHECK (time_source IN ('given', 'pulled', 'stated', 'workbook', 'rows')),
ADD COLUMN repaired jsonb NOT NULL DEFAULT '{}',
ADD COLUMN notes text[] NOT NULL DEFAULT '{}',
-- Batches that were loaded before records were counted have no count.
ADD CONSTRAINT every_record_is_accounted_for CHECK (
    status <> 'loaded' OR records_in_file = lines_read + lines_skipped
);
COMMENT ON COLUMN ops.batch.records_in_file IS
'Số bản ghi có trong tệp (dòng tiêu đề, dòng trống, dòng tổng… đều tính), đếm độc lập với bộ đọc dòng.';
COMMENT ON COLUMN ops.batch.lines_skipped IS
'Số bản ghi không phải là dòng dữ liệu; mỗi bản ghi được liệt kê trong ops.skipped_line.';
COMMENT ON COLUMN ops.batch.time_source IS
'Thời điểm số liệu (extracted_at) lấy từ đâu: given người nạp cho biết; pulled lúc kéo; stated tệp tự ghi; '
'workbook ngày tạo sổ tính; rows lần cập nhật mới nhất trong các dòng.';
COMMENT ON COLUMN ops.batch.repaired IS
'Cột → số ô được sửa vì sửa được chắc chắn (ví dụ bỏ ký tự vô hình trong mã).';
COMMENT ON COLUMN ops.batch.notes IS
'Những gì trong tệp không đọc hoặc không hiểu, mỗi việc một câu.';

CREATE TABLE ops.skipped_line (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    line_no bigint NOT NULL,
    last_line_no bigint NOT NULL,
    records bigint NOT NULL CHECK (records > 0),
    kind text NOT NULL CHECK (
        kind IN ('blank', 'title', 'header', 'numbering', 'subheading', 'total', 'signature', 'remark', 'envelope')
    ),
    content text,
    PRIMARY KEY (batch_id, line_no),
    CHECK (last_line_no >= line_no)
);
COMMENT ON TABLE ops.skipped_line IS
'Một dòng = một đoạn bản ghi liền nhau của tệp không phải là dòng dữ liệu (từ line_no đến last_line_no).';
COMMENT ON COLUMN ops.skipped_line.records IS
'Số bản ghi của đoạn; tổng của một lô = ops.batch.lines_skipped.';
COMMENT ON COLUMN ops.skipped_line.kind IS
'blank trống; title phần trên bảng; header dòng tên cột, kể cả lặp lại; numbering dòng đánh số cột; '
'subheading tên mục; total dòng tổng; signature phần ký; remark ghi chú; envelope phần ngoài danh sách của JSON.';
COMMENT ON COLUMN ops.skipped_line.content IS
'Nguyên văn của dòng tổng hoặc tên mục; các loại khác không lưu vì có thể có tên người.';

CREATE TABLE ops.batch_sheet (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    sheet_no int NOT NULL,
    sheet text NOT NULL,
    line_base bigint NOT NULL,
    header_row bigint,
    lines_read bigint,
    why_not_read text,
    PRIMARY KEY (batch_id, sheet_no)
);
COMMENT ON TABLE ops.batch_sheet IS 'Một dòng = một trang tính trong sổ tính của một lô.';
COMMENT ON COLUMN ops.batch_sheet.line_base IS
'line_no của một dòng = line_base + số thứ tự hàng trong trang tính; trang đầu có dữ liệu có line_base 0.';
COMMENT ON COLUMN ops.batch_sheet.why_not_read IS 'Vì sao trang tính không được đọc; trống nếu được đọc.';
