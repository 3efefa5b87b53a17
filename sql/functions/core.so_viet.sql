CREATE FUNCTION core.so_viet(so numeric, so_le int DEFAULT 0) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Comma and point of such a pattern are no one's locale.
RETURN translate(
    to_char(so, 'FM999,999,999,999,990' || CASE WHEN so_le > 0 THEN '.' || repeat('0', so_le) ELSE '' END),
    ',.-',
    '.,−'
);
COMMENT ON FUNCTION core.so_viet(numeric, int) IS 'Số viết theo lối Việt Nam, với so_le chữ số thập phân: 1.234,50.';
GRANT EXECUTE ON FUNCTION core.so_viet(numeric, int) TO cchc_bi, cchc_steward, cchc_don_vi;
