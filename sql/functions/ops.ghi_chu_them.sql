-- Stewards, and units of their own figures; nobody writes the table.
CREATE FUNCTION ops.ghi_chu_them(
    ky_loai text, ky text, ma_chi_so text, ma_don_vi text, loai text, noi_dung text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tu_trang_web constant boolean := session_user = 'cchc_pages';
    -- As core.don_vi_cua_toi: the pages say for whom they act (ops.nguoi_xem_la), and no other login can.
    nguoi constant text := CASE WHEN tu_trang_web THEN current_setting('cchc.nguoi_xem', TRUE) ELSE session_user END;
    loi constant text := nullif(btrim(normalize(ghi_chu_them.noi_dung, NFC), E' \t\r\n'), '');
    -- Not current_user, which is the owner in here.
    moi_don_vi constant boolean := CASE
        WHEN tu_trang_web
            THEN EXISTS (SELECT FROM ops.nguoi_xem AS n WHERE n.ten_dang_nhap = nguoi AND n.ma_don_vi IS NULL)
        ELSE pg_has_role(session_user, 'cchc_steward', 'USAGE')
    END;
    -- Digits of a number in whatever groups: signs between them become one that the patterns know.
    so text;
    lan_moi bigint;
BEGIN
    IF ghi_chu_them.loai IS NULL OR ghi_chu_them.loai NOT IN ('ghi_chu', 'theo_doi', 'thoi_theo_doi') THEN
        RAISE EXCEPTION 'loai % không có: cần ghi_chu, theo_doi hoặc thoi_theo_doi.', ghi_chu_them.loai
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT moi_don_vi AND NOT coalesce(ghi_chu_them.ma_don_vi = ANY(core.don_vi_cua_toi()), FALSE) THEN
        RAISE EXCEPTION 'Con số của %: đơn vị chỉ ghi chú được con số của mình.', ghi_chu_them.ma_don_vi
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (
        SELECT FROM mart.chi_so AS c
        WHERE
            c.ky_loai = ghi_chu_them.ky_loai AND c.ky = ghi_chu_them.ky
            AND c.ma_chi_so = ghi_chu_them.ma_chi_so AND c.ma_don_vi = ghi_chu_them.ma_don_vi
    ) THEN
        RAISE EXCEPTION 'Không có con số % % % của %: cần ky_loai, ky, ma_chi_so, ma_don_vi như ở mart.chi_so.',
            ghi_chu_them.ma_chi_so, ghi_chu_them.ky_loai, ghi_chu_them.ky, ghi_chu_them.ma_don_vi
            USING ERRCODE = 'no_data_found';
    END IF;
    IF ghi_chu_them.loai = 'ghi_chu' AND loi IS NULL THEN
        RAISE EXCEPTION 'Ghi chú trống: cần noi_dung.' USING ERRCODE = 'check_violation';
    END IF;
    IF length(loi) > 1000 OR loi ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'Ghi chú dài quá 1.000 ký tự, hoặc có xuống dòng hay ký tự không thấy được.'
            USING ERRCODE = 'check_violation';
    END IF;
    so := regexp_replace(
        regexp_replace(normalize(loi, NFKC), '[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]', '', 'g'),
        '\s*[][(),;–—−‐‑·\s]\s*', '.', 'g'
    );
    -- The same as cchc.personal_numbers.IN_CODE; a test compares them.
    IF loi ~ '@' OR so ~ (
        '(^|[^0-9])(0[35789]([-._/:+]{0,3}[0-9]){8}|01[2689]([-._/:+]{0,3}[0-9]){8}'
        || '|02([-._/:+]{0,3}[0-9]){9}|(00)?84[-._/:+]{0,3}([35789]([-._/:+]{0,3}[0-9]){8}'
        || '|2([-._/:+]{0,3}[0-9]){9})|0(0[1-9]|[1-8][0-9]'
        || '|9[0-6])[-._/:+]{0,3}[0-3][0-9]{2}[-._/:+]{0,3}[0-9]{3}[-._/:+]{0,3}[0-9]{3}|0(0[1-9]'
        || '|[1-8][0-9]|9[0-6])[0-3][-._/:+]{1,3}[0-9]{4}[-._/:+]{1,3}[0-9]{4}|(0[1-9]'
        || '|[1-35789][0-9])[0-9]{7}|(0[1-9]'
        || '|[1-35789][0-9])[0-9][-._/:+]{1,3}[0-9]{3}[-._/:+]{1,3}[0-9]{3})([^0-9]|$)'
    ) THEN
        RAISE EXCEPTION 'Ghi chú có thể chứa số điện thoại, số định danh hoặc địa chỉ thư của một người: bỏ nó ra.'
            USING ERRCODE = 'check_violation';
    END IF;
    -- The family names that are hardly anything else; more is known to cchc.figures.notes.
    IF loi ~ (
        '(^|[[:space:][:punct:]])(?<!(xã|phường|trấn|huyện|đường|trường|Xã|Phường|Đường|Trường|THPT|THCS|học) )'
        || '(Nguyễn|Huỳnh|Trịnh|Đặng|Quách|Khuất|Phùng|Doãn|'
        || 'NGUYỄN|HUỲNH|TRỊNH|ĐẶNG|QUÁCH|KHUẤT|PHÙNG|DOÃN|nguyễn|huỳnh)[[:space:]]+[^[:space:][:punct:][:digit:]]'
    ) THEN
        RAISE EXCEPTION 'Ghi chú có thể chứa tên người: viết chức danh hoặc tên đơn vị thay cho tên.'
            USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO ops.ghi_chu AS g (ky_loai, ky, ma_chi_so, ma_don_vi, loai, noi_dung, nguoi, tai_khoan)
    VALUES (
        ghi_chu_them.ky_loai, ghi_chu_them.ky, ghi_chu_them.ma_chi_so, ghi_chu_them.ma_don_vi, ghi_chu_them.loai,
        loi, nguoi, session_user
    )
    RETURNING g.lan INTO lan_moi;
    RETURN lan_moi;
END
$$;
COMMENT ON FUNCTION ops.ghi_chu_them(text, text, text, text, text, text) IS
'Thêm ghi chú, dấu theo dõi hoặc thôi theo dõi vào một con số; đơn vị chỉ ghi được con số của mình. Trả về lan.';
REVOKE EXECUTE ON FUNCTION ops.ghi_chu_them(text, text, text, text, text, text) FROM cchc_etl;
GRANT EXECUTE ON FUNCTION ops.ghi_chu_them(text, text, text, text, text, text) TO cchc_steward, cchc_don_vi;
