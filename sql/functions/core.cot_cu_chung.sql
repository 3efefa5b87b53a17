CREATE FUNCTION core.cot_cu_chung(cot_a jsonb, luc_a timestamp, cot_b jsonb, luc_b timestamp) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT jsonb_object_agg(chung.cot, chung.luc)
FROM (
    SELECT
        sau.cot,
        greatest(
            CAST(sau.luc AS timestamp),
            CASE WHEN luc_a >= luc_b THEN core.luc_cot(cot_b, sau.cot, luc_b) ELSE core.luc_cot(cot_a, sau.cot, luc_a) END
        ) AS luc
    FROM jsonb_each_text(CASE WHEN luc_a >= luc_b THEN cot_a ELSE cot_b END) AS sau (cot, luc)
) AS chung
WHERE chung.luc < greatest(luc_a, luc_b)
$$;
COMMENT ON FUNCTION core.cot_cu_chung(jsonb, timestamp, jsonb, timestamp) IS
'cot_cu của một bản ghi ghép từ hai bản: mỗi cột lấy thời điểm sau của hai bản; chỉ ghi cột cũ hơn cả bản ghi.';
