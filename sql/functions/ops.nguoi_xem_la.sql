-- The login of the pages reads no table by itself.
CREATE FUNCTION ops.nguoi_xem_la(ten_dang_nhap text, OUT vai text, OUT ma_don_vi text, OUT ten_don_vi text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
-- core.don_vi_cua_toi reads it until the transaction ends.
SELECT set_config('cchc.nguoi_xem', nguoi_xem_la.ten_dang_nhap, TRUE);
SELECT
    CASE
        WHEN n.ten_dang_nhap IS NULL THEN 'cchc_bi'
        WHEN n.ma_don_vi IS NULL THEN 'cchc_steward'
        ELSE 'cchc_don_vi'
    END,
    n.ma_don_vi,
    d.ten_don_vi
FROM (VALUES (nguoi_xem_la.ten_dang_nhap)) AS hoi (ten_dang_nhap)
LEFT JOIN ops.nguoi_xem AS n ON hoi.ten_dang_nhap = n.ten_dang_nhap
LEFT JOIN LATERAL (
    SELECT v.ten_don_vi FROM core.don_vi AS v
    WHERE v.ma_don_vi = n.ma_don_vi
    ORDER BY v.valid_to DESC
    LIMIT 1
) AS d ON TRUE
$$;
COMMENT ON FUNCTION ops.nguoi_xem_la(text) IS
'Người dùng Airflow này đọc kho với vai nào, của đơn vị nào; cho các trang web.';
REVOKE EXECUTE ON FUNCTION ops.nguoi_xem_la(text) FROM cchc_etl;
GRANT EXECUTE ON FUNCTION ops.nguoi_xem_la(text) TO cchc_pages;
