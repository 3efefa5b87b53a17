-- Where processes that do the same thing take turns.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE ops.lock (
    name text COLLATE "C" PRIMARY KEY
);
COMMENT ON TABLE ops.lock IS
'Một dòng = một việc đang có tiến trình làm; dòng bị xoá trong chính giao dịch đã ghi nó, nên không ai đọc thấy.';
COMMENT ON COLUMN ops.lock.name IS 'Tên việc, ví dụ batch:7 khi đang kiểm tra lô 7.';
