-- Lines that are recognised when they come again; lines that contradicted each other.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

-- What is lost of it in a crash costs time, nothing else.
CREATE UNLOGGED TABLE ops.known_line (
    batch_id bigint NOT NULL,
    line_no bigint NOT NULL,
    van_tay bigint NOT NULL
);
COMMENT ON TABLE ops.known_line IS
'Một dòng = một dòng của tệp mà bản ghi core do batch_id, line_no ghi đã nói hết; gặp lại thì không cần tra cứu hay so. Mất cũng không sao.'; -- noqa: LT05
COMMENT ON COLUMN ops.known_line.batch_id IS 'Lô đã ghi bản ghi core.';
COMMENT ON COLUMN ops.known_line.line_no IS 'Dòng của lô ấy.';
COMMENT ON COLUMN ops.known_line.van_tay IS
'Vân tay của dòng: mọi ô, những cột tệp thiếu, SQL nạp và danh mục đơn vị vào ngày xuất tệp.';

CREATE TABLE ops.contradiction (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    line_no bigint NOT NULL,
    rule_id text,
    held_batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    held_line_no bigint NOT NULL,
    PRIMARY KEY (batch_id, line_no)
);
COMMENT ON TABLE ops.contradiction IS
'Một dòng = một dòng của tệp nói khác một dòng đã có về cùng một việc vào cùng một thời điểm; giá trị lớn hơn thắng.';
COMMENT ON COLUMN ops.contradiction.batch_id IS 'Lô có dòng ấy.';
COMMENT ON COLUMN ops.contradiction.line_no IS 'Dòng trong tệp.';
COMMENT ON COLUMN ops.contradiction.rule_id IS 'Quy tắc cảnh báo về việc này; NULL khi bộ quy tắc không có.';
COMMENT ON COLUMN ops.contradiction.held_batch_id IS
'Lô có dòng kia: dòng mà kho đang giữ khi nạp, hoặc dòng khác của chính tệp này.';
COMMENT ON COLUMN ops.contradiction.held_line_no IS 'Dòng kia.';
