-- In place where it is called, as core.ma_tong: a row's measures are unfolded in the query that asks for them.
CREATE FUNCTION core.phep_do_cua_dong(nua_1 smallint[], nua_2 smallint[], so_1 bigint[], so_2 bigint[])
RETURNS TABLE (nua smallint, phep_do smallint, so bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT
    1::smallint AS nua,
    p.phep_do,
    coalesce(so_1[p.thu_tu], 1) AS so
FROM unnest(nua_1) WITH ORDINALITY AS p (phep_do, thu_tu)
UNION ALL
SELECT
    2::smallint AS nua,
    p.phep_do,
    coalesce(so_2[p.thu_tu], 1) AS so
FROM unnest(nua_2) WITH ORDINALITY AS p (phep_do, thu_tu)
$$;
COMMENT ON FUNCTION core.phep_do_cua_dong(smallint[], smallint[], bigint[], bigint[]) IS
'Một dòng = một phép đo (core.phep_do) mà một dòng của core.dong_cong_bo có trong một nửa tháng, và số nó cộng vào.';
GRANT EXECUTE ON FUNCTION core.phep_do_cua_dong(smallint[], smallint[], bigint[], bigint[]) TO cchc_steward;
