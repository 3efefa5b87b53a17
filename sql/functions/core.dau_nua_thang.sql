-- In place where it is called, as core.ma_tong. STABLE: as the cast of a text to a date is.
CREATE FUNCTION core.dau_nua_thang(ky text, nua smallint) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (ky || CASE nua WHEN 1 THEN '-01' ELSE '-15' END)::date;
COMMENT ON FUNCTION core.dau_nua_thang(text, smallint) IS
'Ngày đầu của nửa tháng thứ nhất (1) hoặc thứ hai (2) của một tháng.';
GRANT EXECUTE ON FUNCTION core.dau_nua_thang(text, smallint) TO cchc_steward;
