-- What a source states by month of receipt, beside what the warehouse holds: every comparison is kept.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE ops.reconciliation (
    dataset text NOT NULL,
    as_of timestamp NOT NULL,
    month text NOT NULL CHECK (month ~ '^(\d{4}-(0[1-9]|1[0-2]))?$'),
    source_total bigint CHECK (source_total >= 0),
    core_total bigint NOT NULL CHECK (core_total >= 0),
    rejected_total bigint NOT NULL CHECK (rejected_total >= 0),
    state text NOT NULL CHECK (state IN ('equal', 'explained', 'differs', 'unknown')),
    compared_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset, as_of, month),
    CONSTRAINT unknown_is_not_equal CHECK ((state = 'unknown') = (source_total IS NULL)),
    CONSTRAINT equal_is_equal CHECK (state <> 'equal' OR source_total = core_total)
);
COMMENT ON TABLE ops.reconciliation IS
'Một dòng = một tháng tiếp nhận của một bộ dữ liệu, tại một thời điểm: tổng số do hệ thống nguồn nêu so với kho. Giữ mọi lần đối chiếu.'; -- noqa: LT05
COMMENT ON COLUMN ops.reconciliation.as_of IS
'Thời điểm mà hai bên được so, giờ Việt Nam: mốc nước của bộ dữ liệu khi đối chiếu.';
COMMENT ON COLUMN ops.reconciliation.month IS 'Tháng tiếp nhận, ví dụ 2025-03; rỗng: không có hoặc không đọc được.';
COMMENT ON COLUMN ops.reconciliation.source_total IS 'Tổng số do nguồn nêu; NULL: nguồn không trả lời được.';
COMMENT ON COLUMN ops.reconciliation.core_total IS 'Số khoá khác nhau trong core, ở trạng thái mới nhất đã biết.';
COMMENT ON COLUMN ops.reconciliation.rejected_total IS
'Số khoá khác nhau mà trạng thái mới nhất bị loại khi kiểm tra và chưa được sửa.';
COMMENT ON COLUMN ops.reconciliation.state IS
'equal: bằng nhau; explained: phần thiếu không vượt quá số dòng bị loại; differs: lệch; unknown: nguồn không trả lời được.'; -- noqa: LT05
