-- A unit confirms these numbers and no others: targets and names are not its own. An argument bears the collation of
-- whichever column is given; with another than its own no index of mart.chi_so would be used.
CREATE FUNCTION core.dau_con_so(ky text, ma_don_vi text) RETURNS text
LANGUAGE sql STABLE AS $$
SELECT
    encode(
        sha256(
            convert_to(
                coalesce(
                    string_agg(
                        jsonb_build_array(c.ma_chi_so, c.tu_so, c.mau_so, c.gia_tri)::text,
                        chr(10)
                        ORDER BY c.ma_chi_so
                    ),
                    ''
                ),
                'UTF8'
            )
        ),
        'hex'
    )
FROM mart.chi_so AS c
WHERE
    c.ky_loai = 'thang'
    AND c.ky = dau_con_so.ky COLLATE "default"
    AND c.ma_don_vi = dau_con_so.ma_don_vi COLLATE "C"
$$;
COMMENT ON FUNCTION core.dau_con_so(text, text) IS
'SHA-256 của các con số tháng của một đơn vị ở mart.chi_so: biết con số có đổi sau khi đơn vị xác nhận không.';
GRANT EXECUTE ON FUNCTION core.dau_con_so(text, text) TO cchc_bi, cchc_steward, cchc_don_vi;
