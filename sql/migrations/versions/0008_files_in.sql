-- Files of the drop folder: known by their way in, and reported once where they cannot be taken.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

ALTER TABLE ops.batch DROP CONSTRAINT batch_origin_check;
ALTER TABLE ops.batch
ADD CONSTRAINT batch_origin_check CHECK (origin IN ('api', 'file', 'form', 'reference'));
COMMENT ON COLUMN ops.batch.origin IS
'Đường vào: api (kéo từ hệ thống nguồn), file (người vận hành nạp tệp), form (đơn vị bỏ vào thư mục nhận phiếu), reference (tệp tham chiếu).'; -- noqa: LT05

CREATE TABLE ops.form_not_taken (
    path_sha256 text COLLATE "C" PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.form_not_taken IS
'Một dòng = một tệp trong thư mục nhận phiếu không mở được và đã được báo; báo lại khi tệp khác đi.';
COMMENT ON COLUMN ops.form_not_taken.path_sha256 IS
'SHA-256 của đường dẫn: tên tệp có thể là tên người, nên không giữ.';
COMMENT ON COLUMN ops.form_not_taken.state IS
'Loại, kích thước, thời điểm sửa của tệp lúc báo; khác đi thì tệp được thử lại.';
COMMENT ON COLUMN ops.form_not_taken.noted_at IS 'Lúc báo.';
