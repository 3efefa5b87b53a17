-- With the owner's rights: which questions are open is for everybody.
CREATE VIEW mart.de_nghi AS
SELECT
    q.loai,
    q.ky,
    q.ma_don_vi,
    q.luc AT TIME ZONE 'Asia/Ho_Chi_Minh' AS luc,
    q.han AT TIME ZONE 'Asia/Ho_Chi_Minh' AS han,
    q.nguoi,
    q.khong_nhan,
    q.dag_id,
    q.run_id,
    q.task_id,
    q.map_index
FROM ops.de_nghi AS q
WHERE q.tra_loi IS NULL;
COMMENT ON VIEW mart.de_nghi IS 'Một dòng = một câu hỏi đang chờ người có trách nhiệm trả lời trong Airflow.';
COMMENT ON COLUMN mart.de_nghi.loai IS 'xac_nhan: hỏi đơn vị; chot, dinh_chinh, ngoai_le: hỏi tỉnh có chốt, đính chính, cho ngoại lệ không.';
COMMENT ON COLUMN mart.de_nghi.ky IS 'Tháng.';
COMMENT ON COLUMN mart.de_nghi.ma_don_vi IS 'Đơn vị được hỏi hoặc được ngoại lệ; NULL: hỏi tỉnh.';
COMMENT ON COLUMN mart.de_nghi.luc IS 'Lúc hỏi, giờ Việt Nam.';
COMMENT ON COLUMN mart.de_nghi.han IS 'Chờ đến lúc nào, giờ Việt Nam.';
COMMENT ON COLUMN mart.de_nghi.nguoi IS 'Ai đề nghị; lich: lịch chạy.';
COMMENT ON COLUMN mart.de_nghi.khong_nhan IS 'Vì sao câu trả lời gần nhất không được nhận: trả lời lại.';
COMMENT ON COLUMN mart.de_nghi.dag_id IS 'DAG hỏi.';
COMMENT ON COLUMN mart.de_nghi.run_id IS 'Lần chạy.';
COMMENT ON COLUMN mart.de_nghi.task_id IS 'Việc trong DAG.';
COMMENT ON COLUMN mart.de_nghi.map_index IS 'Chỉ số của việc được nhân ra; -1: không nhân.';
GRANT SELECT ON mart.de_nghi TO cchc_bi, cchc_steward, cchc_don_vi;
