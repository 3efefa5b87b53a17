-- A policy runs with the rights of whoever asks, and no login reads who is tied to which unit.
CREATE FUNCTION core.don_vi_cua_toi() RETURNS text[]
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(array_agg(DISTINCT t.ma_goc), '{}')
FROM (
    SELECT t.ma_don_vi FROM ops.tai_khoan_don_vi AS t
    -- Not current_user, which is the owner in here; SET ROLE changes nothing about it.
    WHERE
        t.ten_dang_nhap = session_user
        -- A login of the same name that was made later is another one.
        AND t.oid_tai_khoan = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = session_user)
    UNION ALL
    -- The pages read for somebody whom Airflow knows, and no other login can say so: ops.nguoi_xem_la.
    SELECT n.ma_don_vi FROM ops.nguoi_xem AS n
    WHERE session_user = 'cchc_pages' AND n.ten_dang_nhap = current_setting('cchc.nguoi_xem', TRUE)
) AS k
INNER JOIN core.don_vi_tra_loi AS t
    ON
        k.ma_don_vi = t.ma_don_vi
        AND (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date BETWEEN t.valid_from AND t.valid_to
$$;
COMMENT ON FUNCTION core.don_vi_cua_toi() IS
'Các mã mà đơn vị của tài khoản đang đăng nhập trả lời hôm nay: chính nó và các đơn vị nó kế thừa; rỗng: không có.';
GRANT EXECUTE ON FUNCTION core.don_vi_cua_toi() TO cchc_steward, cchc_don_vi;

-- In brackets it is asked once, not for every row.
CREATE POLICY xem_cua_minh ON core.ho_so FOR SELECT TO cchc_don_vi
USING (ma_don_vi = ANY((SELECT core.don_vi_cua_toi())::text[]));
CREATE POLICY xem_cua_minh ON core.van_ban FOR SELECT TO cchc_don_vi
USING (ma_don_vi = ANY((SELECT core.don_vi_cua_toi())::text[]));
CREATE POLICY xem_cua_minh ON core.ho_so_cong_viec FOR SELECT TO cchc_don_vi
USING (ma_don_vi = ANY((SELECT core.don_vi_cua_toi())::text[]));
CREATE POLICY xem_cua_minh ON core.khai_bao FOR SELECT TO cchc_don_vi
USING (ma_don_vi = ANY((SELECT core.don_vi_cua_toi())::text[]));
CREATE POLICY xem_cua_minh ON core.dong_cong_bo FOR SELECT TO cchc_don_vi
USING (ma_don_vi = ANY((SELECT core.don_vi_cua_toi())::text[]));
CREATE POLICY xem_cua_minh ON core.dong_cho FOR SELECT TO cchc_don_vi
USING (ma_don_vi = ANY((SELECT core.don_vi_cua_toi())::text[]));
CREATE POLICY xem_cua_minh ON ops.ghi_chu FOR SELECT TO cchc_don_vi
USING (ma_don_vi = ANY((SELECT core.don_vi_cua_toi())::text[]));
