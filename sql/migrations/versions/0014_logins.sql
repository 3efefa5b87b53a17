-- A login that is dropped and made again under the same name is another one, and ties are not forgotten.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

ALTER TABLE ops.tai_khoan_don_vi ADD COLUMN oid_tai_khoan oid;
COMMENT ON COLUMN ops.tai_khoan_don_vi.oid_tai_khoan IS
'pg_roles.oid của tài khoản lúc gắn: tài khoản xoá đi rồi tạo lại cùng tên là tài khoản khác và không thấy dòng nào.';
COMMENT ON COLUMN ops.tai_khoan_don_vi.gan_luc IS 'Lúc gắn.';
UPDATE ops.tai_khoan_don_vi SET oid_tai_khoan = r.oid
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = ten_dang_nhap;

CREATE TABLE ops.lan_gan_don_vi (
    lan bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    viec text NOT NULL CHECK (viec IN ('gan', 'bo')),
    ten_dang_nhap text COLLATE "C" NOT NULL,
    oid_tai_khoan oid,
    ma_don_vi text COLLATE "C" NOT NULL,
    boi text COLLATE "C" NOT NULL,
    luc timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.lan_gan_don_vi IS
'Một dòng = một lần gắn hoặc gỡ tài khoản của một đơn vị; chỉ được thêm dòng, ghi bằng ops.gan_don_vi, ops.bo_don_vi.';
COMMENT ON COLUMN ops.lan_gan_don_vi.viec IS 'gan: gắn, thay lần trước nếu có; bo: gỡ.';
COMMENT ON COLUMN ops.lan_gan_don_vi.ten_dang_nhap IS 'Tên đăng nhập lúc ấy.';
COMMENT ON COLUMN ops.lan_gan_don_vi.oid_tai_khoan IS 'pg_roles.oid của tài khoản lúc ấy; NULL: không còn tài khoản.';
COMMENT ON COLUMN ops.lan_gan_don_vi.ma_don_vi IS 'Đơn vị được gắn, hoặc được gỡ.';
COMMENT ON COLUMN ops.lan_gan_don_vi.boi IS 'Tài khoản đã gắn hoặc gỡ.';
COMMENT ON COLUMN ops.lan_gan_don_vi.luc IS 'Lúc gắn hoặc gỡ.';
REVOKE ALL ON ops.lan_gan_don_vi FROM cchc_etl;
INSERT INTO ops.lan_gan_don_vi (viec, ten_dang_nhap, oid_tai_khoan, ma_don_vi, boi, luc)
SELECT
    'gan' AS viec,
    ten_dang_nhap,
    oid_tai_khoan,
    ma_don_vi,
    gan_boi,
    gan_luc
FROM ops.tai_khoan_don_vi
ORDER BY gan_luc;
