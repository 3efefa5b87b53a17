-- The pipeline asks people and reads nothing else of who sees what.
CREATE FUNCTION ops.nguoi_tra_loi(ma_don_vi text DEFAULT NULL) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT n.ten_dang_nhap
FROM ops.nguoi_xem AS n
WHERE
    n.ma_don_vi IS NOT DISTINCT FROM nguoi_tra_loi.ma_don_vi
    -- Of a unit that has ended, whoever took its place.
    OR n.ma_don_vi IN (
        SELECT t.ma_don_vi
        FROM core.don_vi_tra_loi AS t
        WHERE
            t.ma_goc = nguoi_tra_loi.ma_don_vi
            AND (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date BETWEEN t.valid_from AND t.valid_to
    )
ORDER BY n.ten_dang_nhap ASC
$$;
COMMENT ON FUNCTION ops.nguoi_tra_loi(text) IS
'Một dòng = một người dùng Airflow trả lời thay một đơn vị (của nó, của đơn vị kế thừa); không nêu đơn vị: thay tỉnh.';
GRANT EXECUTE ON FUNCTION ops.nguoi_tra_loi(text) TO cchc_steward;
