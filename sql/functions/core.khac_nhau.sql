CREATE FUNCTION core.khac_nhau(ben jsonb, kia jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT jsonb_object_agg(e.ten, e.gia_tri)
FROM jsonb_each(ben) AS e (ten, gia_tri)
WHERE kia IS NULL OR e.ten IN ('ma_don_vi', 'ma_tthc') OR (kia -> e.ten) IS DISTINCT FROM e.gia_tri
$$;
COMMENT ON FUNCTION core.khac_nhau(jsonb, jsonb) IS
'Những trường của ben mà kia không có hoặc khác, cùng đơn vị và TTHC; kia rỗng: mọi trường.';
GRANT EXECUTE ON FUNCTION core.khac_nhau(jsonb, jsonb) TO cchc_steward;
