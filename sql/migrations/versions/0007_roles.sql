-- Rights on tables, and whose rows a unit sees. Rights on views and functions stand in their files.
-- Run once by Alembic inside a transaction as the owner of all that is in the warehouse.

-- The pipeline owns what is staged. What another owner staged is staged again when it is next judged.
DO $$
DECLARE
    staged record;
BEGIN
    FOR staged IN
        SELECT c.oid::regclass AS name, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
        FROM pg_class AS c
        WHERE c.relnamespace = 'staging'::regnamespace AND c.relkind IN ('r', 'v')
        ORDER BY c.relkind DESC
    LOOP
        EXECUTE format('DROP %s IF EXISTS %s CASCADE', staged.kind, staged.name);
    END LOOP;
END
$$;

-- Nothing is open to everybody, now and later.
REVOKE ALL ON SCHEMA mart, ops, core, staging FROM PUBLIC; -- noqa: CP02
REVOKE ALL ON ALL TABLES IN SCHEMA mart, ops, core FROM PUBLIC; -- noqa: CP02
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mart, ops, core FROM PUBLIC; -- noqa: CP02
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; -- noqa: CP02
-- What is added to mart is seen by whom its migration or its file names.
ALTER DEFAULT PRIVILEGES IN SCHEMA mart REVOKE SELECT ON TABLES FROM cchc_bi;

-- cchc_etl: rows everywhere, tables in staging only.
GRANT USAGE ON SCHEMA mart, ops, core TO cchc_etl;
GRANT USAGE, CREATE ON SCHEMA staging TO cchc_etl;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mart, ops, core TO cchc_etl;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA mart, ops, core TO cchc_etl;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mart, ops, core TO cchc_etl;
ALTER DEFAULT PRIVILEGES IN SCHEMA mart, ops, core
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cchc_etl;
ALTER DEFAULT PRIVILEGES IN SCHEMA mart, ops, core GRANT USAGE, SELECT ON SEQUENCES TO cchc_etl;
ALTER DEFAULT PRIVILEGES IN SCHEMA mart, ops, core GRANT EXECUTE ON FUNCTIONS TO cchc_etl;
REVOKE INSERT, UPDATE, DELETE ON ops.database_object FROM cchc_etl;
REVOKE UPDATE, DELETE ON ops.figure_change FROM cchc_etl;

-- cchc_steward: sees everything.
GRANT USAGE ON SCHEMA mart, ops, core TO cchc_steward;
GRANT SELECT ON ALL TABLES IN SCHEMA mart, ops, core TO cchc_steward;
ALTER DEFAULT PRIVILEGES IN SCHEMA mart, ops, core GRANT SELECT ON TABLES TO cchc_steward;

-- cchc_bi: mart; of core what views of mart show with the reader's rights, and no schema to name it by.
GRANT SELECT ON core.don_vi, core.ke_thua, core.khai_bao, core.so_lieu_khai_bao TO cchc_bi;

-- cchc_don_vi: figures of all units, rows of its own.
GRANT USAGE ON SCHEMA mart, core TO cchc_don_vi;
GRANT SELECT ON
mart.chi_so, mart.bieu_06a, mart.diem_766, mart.dinh_nghia, mart.ky, mart.muc_tieu, mart.thang_diem_766
TO cchc_bi, cchc_don_vi;
GRANT SELECT ON
core.ho_so, core.danh_gia, core.qua_trinh, core.van_ban, core.ho_so_cong_viec, core.khai_bao,
core.don_vi, core.ke_thua, core.tthc, core.tthc_don_vi, core.so_lieu_khai_bao, core.lich, core.buoi_lam_viec
TO cchc_don_vi;

CREATE TABLE ops.tai_khoan_don_vi (
    ten_dang_nhap text COLLATE "C" PRIMARY KEY,
    ma_don_vi text COLLATE "C" NOT NULL,
    gan_boi text COLLATE "C" NOT NULL,
    gan_luc timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.tai_khoan_don_vi IS
'Một dòng = một tài khoản cơ sở dữ liệu của một đơn vị; ghi bằng ops.gan_don_vi, ops.bo_don_vi.';
COMMENT ON COLUMN ops.tai_khoan_don_vi.ten_dang_nhap IS 'Tên đăng nhập vào PostgreSQL, thành viên của cchc_don_vi.';
COMMENT ON COLUMN ops.tai_khoan_don_vi.ma_don_vi IS
'Đơn vị của tài khoản; thấy dòng của những mã mà hôm nay đơn vị này trả lời (core.don_vi_tra_loi).';
COMMENT ON COLUMN ops.tai_khoan_don_vi.gan_boi IS 'Tài khoản đã gắn.';
REVOKE ALL ON ops.tai_khoan_don_vi FROM cchc_etl;

-- Whoever has no policy sees no row, whatever is granted. The owner has no need of one.
ALTER TABLE core.ho_so ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.van_ban ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.ho_so_cong_viec ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.khai_bao ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.danh_gia ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.qua_trinh ENABLE ROW LEVEL SECURITY;
CREATE POLICY ghi ON core.ho_so TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.ho_so FOR SELECT TO cchc_steward USING (TRUE);
CREATE POLICY ghi ON core.van_ban TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.van_ban FOR SELECT TO cchc_steward USING (TRUE);
CREATE POLICY ghi ON core.ho_so_cong_viec TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.ho_so_cong_viec FOR SELECT TO cchc_steward USING (TRUE);
CREATE POLICY ghi ON core.khai_bao TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.khai_bao FOR SELECT TO cchc_steward USING (TRUE);
CREATE POLICY ghi ON core.danh_gia TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.danh_gia FOR SELECT TO cchc_steward USING (TRUE);
CREATE POLICY ghi ON core.qua_trinh TO cchc_etl USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY xem ON core.qua_trinh FOR SELECT TO cchc_steward USING (TRUE);
CREATE POLICY xem_so_lieu ON core.khai_bao FOR SELECT TO cchc_bi USING (TRUE);
-- A rating and a step belong to whoever the dossier belongs to: the rows of core.ho_so that the asker sees.
CREATE POLICY xem_cua_minh ON core.danh_gia FOR SELECT TO cchc_don_vi
USING (ma_ho_so IN (SELECT h.ma_ho_so FROM core.ho_so AS h));
CREATE POLICY xem_cua_minh ON core.qua_trinh FOR SELECT TO cchc_don_vi
USING (ma_ho_so IN (SELECT h.ma_ho_so FROM core.ho_so AS h));
-- The other policies of units stand in the file of the function that they call: core.don_vi_cua_toi.
