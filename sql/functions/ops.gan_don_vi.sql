-- Stewards tie logins to units and write no table themselves.
CREATE FUNCTION ops.gan_don_vi(ten_dang_nhap text, ma_don_vi text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_roles AS r
        WHERE
            r.rolname = gan_don_vi.ten_dang_nhap AND r.rolcanlogin
            AND pg_has_role(r.oid, 'cchc_don_vi', 'USAGE')
            AND NOT pg_has_role(r.oid, 'cchc_steward', 'MEMBER')
            AND NOT pg_has_role(r.oid, 'cchc_etl', 'MEMBER')
            -- It would see the declarations of all.
            AND NOT pg_has_role(r.oid, 'cchc_bi', 'MEMBER')
    ) THEN
        RAISE EXCEPTION 'Login % is none of a unit: expected one made by CREATE ROLE % LOGIN IN ROLE cchc_don_vi.',
            gan_don_vi.ten_dang_nhap, quote_ident(gan_don_vi.ten_dang_nhap);
    END IF;
    IF NOT EXISTS (
        SELECT FROM core.don_vi AS d
        WHERE d.ma_don_vi = gan_don_vi.ma_don_vi AND d.cap <> 'toan_tinh'
    ) THEN
        RAISE EXCEPTION 'Unit % is not known: expected a ma_don_vi of mart.don_vi, below the province.',
            gan_don_vi.ma_don_vi;
    END IF;
    INSERT INTO ops.tai_khoan_don_vi AS k (ten_dang_nhap, oid_tai_khoan, ma_don_vi, gan_boi)
    SELECT r.rolname, r.oid, gan_don_vi.ma_don_vi, session_user
    FROM pg_roles AS r WHERE r.rolname = gan_don_vi.ten_dang_nhap
    ON CONFLICT ON CONSTRAINT tai_khoan_don_vi_pkey DO UPDATE
    SET
        oid_tai_khoan = excluded.oid_tai_khoan, ma_don_vi = excluded.ma_don_vi,
        gan_boi = excluded.gan_boi, gan_luc = excluded.gan_luc
    WHERE (k.ma_don_vi, k.oid_tai_khoan) IS DISTINCT FROM (excluded.ma_don_vi, excluded.oid_tai_khoan);
    IF FOUND THEN
        INSERT INTO ops.lan_gan_don_vi (viec, ten_dang_nhap, oid_tai_khoan, ma_don_vi, boi)
        SELECT 'gan', k.ten_dang_nhap, k.oid_tai_khoan, k.ma_don_vi, k.gan_boi
        FROM ops.tai_khoan_don_vi AS k WHERE k.ten_dang_nhap = gan_don_vi.ten_dang_nhap;
    END IF;
END
$$;
COMMENT ON FUNCTION ops.gan_don_vi(text, text) IS
'Gắn một tài khoản cơ sở dữ liệu với một đơn vị: tài khoản chỉ thấy dòng của đơn vị ấy. Gắn lại thì thay lần trước.';
REVOKE EXECUTE ON FUNCTION ops.gan_don_vi(text, text) FROM cchc_etl;
GRANT EXECUTE ON FUNCTION ops.gan_don_vi(text, text) TO cchc_steward;
