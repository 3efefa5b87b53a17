-- What evidence about a closed month rests on: each load in its order, and the files that it and what is published were
-- made with. Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE ops.noi_dung_tep (
    sha256 text COLLATE "C" PRIMARY KEY,
    noi_dung text NOT NULL
);
COMMENT ON TABLE ops.noi_dung_tep IS
'Một dòng = nội dung của một tệp của dự án (định nghĩa, tham chiếu, quy tắc) đã dùng khi nạp hoặc khi công bố.';
COMMENT ON COLUMN ops.noi_dung_tep.sha256 IS 'SHA-256 của noi_dung dạng UTF-8.';

CREATE TABLE ops.tep_cong_bo (
    so_cai bigint NOT NULL REFERENCES ops.so_cai (so) DEFERRABLE INITIALLY DEFERRED,
    duong_dan text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL REFERENCES ops.noi_dung_tep (sha256),
    PRIMARY KEY (so_cai, duong_dan)
);
COMMENT ON TABLE ops.tep_cong_bo IS
'Một dòng = một tệp định nghĩa hoặc tham chiếu mà con số của một dòng sổ được tính bằng; nội dung ở ops.noi_dung_tep.';
COMMENT ON COLUMN ops.tep_cong_bo.duong_dan IS 'Đường dẫn trong dự án, ví dụ sql/indicators/T9.yaml.';

CREATE TABLE ops.lan_nap (
    stt bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    luc timestamptz NOT NULL DEFAULT clock_timestamp(),
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('lo', 'don_vi', 'lich')),
    batch_id bigint CHECK ((batch_id IS NOT NULL) = (loai = 'lo')),
    lines_read bigint,
    lines_rejected bigint,
    tep jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX lan_nap_batch ON ops.lan_nap (batch_id);
COMMENT ON TABLE ops.lan_nap IS
'Một dòng = một lần nạp một lô hoặc một lần đổi tệp tham chiếu, theo thứ tự: để dựng lại kho đúng thứ tự ấy. Chỉ thêm.';
COMMENT ON COLUMN ops.lan_nap.loai IS
'lo: nạp một lô; don_vi: đơn vị kế thừa và tên gọi khác; lich: lịch làm việc.';
COMMENT ON COLUMN ops.lan_nap.lines_read IS 'Số dòng của lô khi nạp lần ấy.';
COMMENT ON COLUMN ops.lan_nap.lines_rejected IS 'Số dòng bị loại khi nạp lần ấy.';
COMMENT ON COLUMN ops.lan_nap.tep IS
'Đường dẫn → SHA-256 (ops.noi_dung_tep) của các tệp đã dùng; rỗng: nạp trước khi việc này được ghi.';

-- Of what was loaded before, only the newest time is known.
INSERT INTO ops.lan_nap (luc, loai, batch_id, lines_read, lines_rejected)
SELECT
    loaded_at,
    'lo' AS loai,
    batch_id,
    lines_read,
    lines_rejected
FROM ops.batch
WHERE status = 'loaded'
ORDER BY loaded_at ASC, batch_id ASC;

REVOKE UPDATE, DELETE, TRUNCATE ON ops.noi_dung_tep, ops.tep_cong_bo, ops.lan_nap FROM cchc_etl;
