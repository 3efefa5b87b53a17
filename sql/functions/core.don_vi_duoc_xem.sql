-- For functions with the owner's rights, in which current_user is the owner: by the login, as core.don_vi_cua_toi.
CREATE FUNCTION core.don_vi_duoc_xem() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE
    WHEN
        CASE session_user
            WHEN 'cchc_pages'
                THEN EXISTS (
                    SELECT FROM ops.nguoi_xem AS n
                    WHERE n.ten_dang_nhap = current_setting('cchc.nguoi_xem', TRUE) AND n.ma_don_vi IS NULL
                )
            ELSE
                pg_has_role(session_user, 'cchc_steward', 'USAGE')
                OR pg_has_role(session_user, 'cchc_etl', 'USAGE')
                OR pg_has_role(session_user, current_user, 'USAGE')
        END
        THEN NULL
    ELSE core.don_vi_cua_toi()
END
$$;
COMMENT ON FUNCTION core.don_vi_duoc_xem() IS
'Các mã đơn vị mà tài khoản đang đăng nhập được xem dòng; NULL: mọi đơn vị; rỗng: không có.';
