-- One row is a question to people that nobody has answered yet, the most urgent first. Reads only.
SELECT
    d.dag_id,
    d.run_id,
    d.task_id,
    d.map_index,
    d.loai,
    d.ky,
    d.ma_don_vi,
    d.luc,
    d.han,
    d.nguoi
FROM ops.de_nghi AS d
WHERE
    d.tra_loi IS NULL
    AND (CAST(:cac_ma AS text[]) IS NULL OR d.ma_don_vi = ANY(CAST(:cac_ma AS text[])))
ORDER BY d.han, d.ky, d.ma_don_vi NULLS FIRST;
