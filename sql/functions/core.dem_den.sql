-- In place where it is called, as core.ma_tong.
CREATE FUNCTION core.dem_den(so_cai bigint DEFAULT NULL) RETURNS SETOF core.dem_cong_bo
LANGUAGE sql STABLE AS $$
SELECT DISTINCT ON (c.ky, c.nua, c.ma_don_vi, c.phep_do) c.*
FROM core.dem_cong_bo AS c
WHERE c.so_cai <= coalesce(dem_den.so_cai, 9223372036854775807)
ORDER BY c.ky ASC, c.nua ASC, c.ma_don_vi ASC, c.phep_do ASC, c.so_cai DESC
$$;
COMMENT ON FUNCTION core.dem_den(bigint) IS
'Một dòng = một phép đo của một đơn vị trong nửa tháng đã chốt, như ghi sổ gần nhất tính đến một dòng sổ (rỗng: '
'đến nay).';
GRANT EXECUTE ON FUNCTION core.dem_den(bigint) TO cchc_steward;
