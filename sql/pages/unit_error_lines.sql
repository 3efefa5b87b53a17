-- One row is one line of a file that breaks a rule and was not corrected, of a unit.
-- Reads only.
SELECT
    d.dataset,
    d.khoa,
    d.rule_id,
    d.ly_do,
    d.bi_loai,
    d.ten_tep,
    d.line_no,
    d.xuat_luc,
    d.batch_id
FROM mart.dong_loi AS d
WHERE d.ma_don_vi = ANY(:cac_ma)
ORDER BY d.dataset, d.khoa, d.batch_id, d.line_no, d.rule_id;
