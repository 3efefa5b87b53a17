-- As what functions of mart with the owner's rights give rows: of whom the login sees rows, or a refusal.
CREATE FUNCTION core.goc_duoc_xem(ten text, goc text[], la_khai_bao boolean) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    xem constant text[] := core.don_vi_duoc_xem();
    thay text[];
BEGIN
    -- Who sees declarations of all units, as in mart.khai_bao, may ask for those behind a figure.
    IF
        xem IS NULL
        OR (la_khai_bao AND session_user <> 'cchc_pages' AND pg_has_role(session_user, 'cchc_bi', 'USAGE'))
    THEN
        RETURN goc;
    END IF;
    thay := ARRAY(
        SELECT g.ma
        FROM unnest(goc) AS g (ma)
        WHERE g.ma = ANY(xem)
    );
    IF cardinality(thay) = 0 THEN
        RAISE EXCEPTION '%: tài khoản này chỉ xem được con số, không xem được các dòng đứng sau. %', ten,
            'Đơn vị xem dòng của mình, cán bộ (cchc_steward) xem dòng của mọi đơn vị.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN thay;
END
$$;
COMMENT ON FUNCTION core.goc_duoc_xem(text, text[], boolean) IS
'Trong các mã đơn vị đứng sau một con số, những mã mà tài khoản đang đăng nhập xem được dòng; không có thì báo lỗi.';
