CREATE FUNCTION core.luc_cot(cot_cu jsonb, cot text, luc timestamp) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((cot_cu ->> cot)::timestamp, luc);
COMMENT ON FUNCTION core.luc_cot(jsonb, text, timestamp) IS
'Thời điểm của một cột: như cot_cu ghi, nếu không thì thời điểm cập nhật của cả bản ghi.';
