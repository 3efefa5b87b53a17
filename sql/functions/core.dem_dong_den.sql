-- In place where it is called, as core.ma_tong: what is asked of ky, ma_don_vi or phep_do limits the rows.
-- Rows of a table, whose columns have its collation: by any other an index finds nothing.
CREATE FUNCTION core.dem_dong_den(so_cai bigint DEFAULT NULL) RETURNS SETOF core.dem_cong_bo
LANGUAGE sql STABLE AS $$
SELECT
    d.ky,
    n.nua,
    d.ma_don_vi,
    n.phep_do,
    dem_dong_den.so_cai,
    sum(n.so)::bigint AS so,
    encode(
        sha256(convert_to(string_agg(d.dong || chr(31) || n.so, chr(10) ORDER BY d.thu_tu), 'UTF8')), 'hex'
    ) AS ma_bam
-- Put in order once a row, not once for each of its measures; by the columns that are asked for, which go through.
FROM (
    SELECT
        x.*,
        row_number() OVER (PARTITION BY x.ky, x.ma_don_vi ORDER BY x.dong) AS thu_tu
    FROM core.dong_den(dem_dong_den.so_cai) AS x
    WHERE x.con
) AS d
CROSS JOIN LATERAL core.phep_do_cua_dong(d.nua_1, d.nua_2, d.so_1, d.so_2) AS n
-- Numbers first: sorting by them is cheaper than by texts.
GROUP BY n.phep_do, n.nua, d.ma_don_vi, d.ky
$$;
COMMENT ON FUNCTION core.dem_dong_den(bigint) IS
'Một dòng = một phép đo của một đơn vị trong nửa tháng đã chốt, đếm lại từ các dòng đã giữ tính đến một dòng sổ: '
'số và SHA-256 của các dòng đứng sau. Phải bằng core.dem_den.';
GRANT EXECUTE ON FUNCTION core.dem_dong_den(bigint) TO cchc_steward;
