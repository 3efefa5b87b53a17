-- Stewards tie logins to units and write no table themselves.
CREATE FUNCTION ops.bo_don_vi(ten_dang_nhap text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WITH bo AS (
        DELETE FROM ops.tai_khoan_don_vi AS k WHERE k.ten_dang_nhap = bo_don_vi.ten_dang_nhap RETURNING k.*
    )

    INSERT INTO ops.lan_gan_don_vi (viec, ten_dang_nhap, oid_tai_khoan, ma_don_vi, boi)
    SELECT 'bo', bo.ten_dang_nhap, bo.oid_tai_khoan, bo.ma_don_vi, session_user FROM bo;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Login % is tied to no unit: ops.tai_khoan_don_vi has those that are.',
            bo_don_vi.ten_dang_nhap;
    END IF;
END
$$;
COMMENT ON FUNCTION ops.bo_don_vi(text) IS
'Gỡ một tài khoản khỏi đơn vị của nó: từ đó tài khoản không thấy dòng nào dưới mức số tổng của đơn vị.';
REVOKE EXECUTE ON FUNCTION ops.bo_don_vi(text) FROM cchc_etl;
GRANT EXECUTE ON FUNCTION ops.bo_don_vi(text) TO cchc_steward;
