-- Who sees more on the pages in the browser than figures: officers, and a unit's people.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE ops.nguoi_xem (
    ten_dang_nhap text COLLATE "C" PRIMARY KEY,
    ma_don_vi text COLLATE "C",
    gan_boi text COLLATE "C" NOT NULL,
    gan_luc timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.nguoi_xem IS
'Một dòng = một người dùng Airflow xem được hơn các con số; ghi bằng ops.gan_nguoi_xem, ops.bo_nguoi_xem.';
COMMENT ON COLUMN ops.nguoi_xem.ten_dang_nhap IS 'Tên người dùng trong Airflow.';
COMMENT ON COLUMN ops.nguoi_xem.ma_don_vi IS
'Đơn vị của người xem: chỉ thấy dòng của đơn vị ấy; NULL: cán bộ xem được dòng của mọi đơn vị.';
COMMENT ON COLUMN ops.nguoi_xem.gan_boi IS 'Tài khoản cơ sở dữ liệu đã gắn.';
COMMENT ON COLUMN ops.nguoi_xem.gan_luc IS 'Lúc gắn.';
REVOKE ALL ON ops.nguoi_xem FROM cchc_etl;

-- The login of the pages reads as one of these, and by itself only asks as which.
GRANT USAGE ON SCHEMA ops TO cchc_pages;
-- Which rows are behind a figure is asked with the rights of whoever looks.
GRANT USAGE ON SCHEMA ops TO cchc_don_vi;
GRANT SELECT ON core.doan, core.don_vi_tra_loi, ops.period TO cchc_don_vi;

CREATE TABLE ops.batch_run (
    batch_id bigint NOT NULL REFERENCES ops.batch (batch_id) ON DELETE CASCADE,
    dag_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    map_index integer NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, dag_id, run_id, task_id, map_index)
);
CREATE INDEX batch_run_run ON ops.batch_run (dag_id, run_id);
COMMENT ON TABLE ops.batch_run IS
'Một dòng = một tác vụ của một lần chạy DAG đã làm việc với một lô: để đi từ lô đến nhật ký và ngược lại.';
COMMENT ON COLUMN ops.batch_run.batch_id IS 'Lô.';
COMMENT ON COLUMN ops.batch_run.dag_id IS 'DAG.';
COMMENT ON COLUMN ops.batch_run.run_id IS 'Lần chạy của DAG.';
COMMENT ON COLUMN ops.batch_run.task_id IS 'Tác vụ.';
COMMENT ON COLUMN ops.batch_run.map_index IS 'Số thứ tự của tác vụ được nhân bản; -1: tác vụ không nhân bản.';
COMMENT ON COLUMN ops.batch_run.noted_at IS 'Lúc ghi, lần đầu.';
