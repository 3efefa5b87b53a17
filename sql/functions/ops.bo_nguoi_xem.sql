CREATE FUNCTION ops.bo_nguoi_xem(ten_dang_nhap text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DELETE FROM ops.nguoi_xem AS n WHERE n.ten_dang_nhap = bo_nguoi_xem.ten_dang_nhap
$$;
COMMENT ON FUNCTION ops.bo_nguoi_xem(text) IS
'Người dùng Airflow này từ nay chỉ xem được các con số.';
REVOKE EXECUTE ON FUNCTION ops.bo_nguoi_xem(text) FROM cchc_etl;
GRANT EXECUTE ON FUNCTION ops.bo_nguoi_xem(text) TO cchc_steward;
