-- One row is a question to people that nobody has answered yet, the most urgent first: those to the province, and of
-- those to units the ones to :cac_ma. Reads only.
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
    d.nguoi,
    d.khong_nhan
FROM mart.de_nghi AS d
WHERE d.loai <> 'xac_nhan' OR d.ma_don_vi = ANY(CAST(:cac_ma AS text[]))
ORDER BY d.han, d.ky, d.ma_don_vi NULLS FIRST;
