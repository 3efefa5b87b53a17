CREATE FUNCTION ops.mask_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
RETURN CASE
    -- Nearly no value has either: spare it the replacements.
    WHEN strpos(value, '@') = 0 AND value !~ '[0-9]{9}' THEN value
    ELSE regexp_replace(
        regexp_replace(value, '[^\s@"]+@[^\s@"]+', '***', 'g'),
        '(^|[^0-9])(\+?84[0-9]{9}|0[0-9]{9,10}|[0-9]{9}|[0-9]{12})(?![0-9])', '\1***', 'g'
    )
END;
COMMENT ON FUNCTION ops.mask_text(text) IS
'Che thư điện tử, số điện thoại, số CMND/CCCD lọt vào cột không dành cho chúng.';
GRANT EXECUTE ON FUNCTION ops.mask_text(text) TO cchc_bi, cchc_steward, cchc_don_vi;
