-- In place where it is called: the planner puts its body into the query. Not STRICT, which could prevent that.
CREATE FUNCTION core.ma_tong(cap text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'TONG:' || cap;
COMMENT ON FUNCTION core.ma_tong(text) IS
'Mã của dòng tổng một cấp: TONG:so_nganh, TONG:huyen, TONG:xa; TONG:toan_tinh là toàn tỉnh.';
GRANT EXECUTE ON FUNCTION core.ma_tong(text) TO cchc_bi, cchc_steward, cchc_don_vi;
