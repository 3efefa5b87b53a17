-- What people are asked before a month is published, and the rules of closing.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE core.quy_tac_chot (
    ma text COLLATE "C" PRIMARY KEY,
    gia_tri int NOT NULL CHECK (gia_tri >= 0),
    ten text NOT NULL,
    trang_thai text NOT NULL CHECK (trang_thai IN ('van_ban', 'noi_bo', 'chua_xac_nhan')),
    nguon text NOT NULL
);
COMMENT ON TABLE core.quy_tac_chot IS
'Một dòng = một con số mà việc chốt dựa vào, lấy từ sql/reference/quy_tac_chot.csv.';
COMMENT ON COLUMN core.quy_tac_chot.trang_thai IS
'van_ban: văn bản ghi rõ; noi_bo: cách kho tự chạy; chua_xac_nhan: kho tự đặt, sửa khi có văn bản.';

CREATE TABLE ops.de_nghi (
    dag_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    map_index int NOT NULL,
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('xac_nhan', 'chot', 'dinh_chinh', 'ngoai_le')),
    ky text COLLATE "C" NOT NULL CHECK (ky ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    ma_don_vi text COLLATE "C",
    luc timestamptz NOT NULL,
    han timestamptz NOT NULL,
    nguoi text COLLATE "C" NOT NULL,
    tra_loi text COLLATE "C" CHECK (tra_loi IN ('dong_y', 'tu_choi', 'khong_tra_loi')),
    tra_loi_luc timestamptz,
    tra_loi_nguoi text COLLATE "C",
    ly_do text COLLATE "C",
    khong_nhan text,
    so_cai bigint,
    PRIMARY KEY (dag_id, run_id, task_id, map_index),
    CONSTRAINT ai_tra_loi CHECK ((tra_loi IN ('dong_y', 'tu_choi')) IS NOT TRUE OR tra_loi_nguoi IS NOT NULL),
    CONSTRAINT khong_tu_duyet CHECK (loai = 'xac_nhan' OR tra_loi_nguoi <> nguoi)
);
CREATE INDEX de_nghi_ky ON ops.de_nghi (ky, loai);
COMMENT ON TABLE ops.de_nghi IS
'Một dòng = một câu hỏi qua Airflow: xác nhận, chốt, đính chính, ngoại lệ; và câu trả lời.';
COMMENT ON COLUMN ops.de_nghi.map_index IS 'Chỉ số của việc được nhân ra trong Airflow; -1: không nhân.';
COMMENT ON COLUMN ops.de_nghi.ma_don_vi IS 'Đơn vị được hỏi hoặc được ngoại lệ; NULL: hỏi tỉnh.';
COMMENT ON COLUMN ops.de_nghi.luc IS 'Lúc hỏi.';
COMMENT ON COLUMN ops.de_nghi.han IS 'Chờ trả lời đến lúc nào.';
COMMENT ON COLUMN ops.de_nghi.nguoi IS 'Ai đề nghị: tên trong Airflow; lich: lịch chạy.';
COMMENT ON COLUMN ops.de_nghi.tra_loi IS 'dong_y, tu_choi, khong_tra_loi (hết hạn); NULL: đang chờ.';
COMMENT ON COLUMN ops.de_nghi.khong_nhan IS 'Vì sao câu trả lời gần nhất không được nhận: trả lời lại.';
COMMENT ON COLUMN ops.de_nghi.so_cai IS 'Dòng sổ đã ghi theo câu trả lời.';
