CREATE FUNCTION core.chuoi_so(huong text, ky_hieu text, loai_van_ban text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    -- The notation of a legal normative document holds its year: 12/2025/QĐ-UBND.
    WHEN huong = 'di' AND ky_hieu ~ '/20[0-9]{2}/' THEN 'vbqppl:' || coalesce(loai_van_ban, '')
    ELSE huong
END;
COMMENT ON FUNCTION core.chuoi_so(text, text, text) IS
'Dãy số mà một văn bản lấy số trong năm của đơn vị: đến, đi; văn bản quy phạm pháp luật mỗi loại một dãy (NĐ 30).';
GRANT EXECUTE ON FUNCTION core.chuoi_so(text, text, text) TO cchc_steward;
