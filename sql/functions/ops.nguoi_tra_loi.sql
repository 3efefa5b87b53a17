-- The pipeline asks people and reads nothing else of who sees what.
CREATE FUNCTION ops.nguoi_tra_loi(ma_don_vi text DEFAULT NULL) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT n.ten_dang_nhap
FROM ops.nguoi_xem AS n
WHERE n.ma_don_vi IS NOT DISTINCT FROM nguoi_tra_loi.ma_don_vi
ORDER BY n.ten_dang_nhap ASC
$$;
COMMENT ON FUNCTION ops.nguoi_tra_loi(text) IS
'Một dòng = một người dùng Airflow trả lời thay một đơn vị; không nêu đơn vị: trả lời thay tỉnh.';
GRANT EXECUTE ON FUNCTION ops.nguoi_tra_loi(text) TO cchc_steward;
