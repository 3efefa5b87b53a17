-- One row is one rule that lines of a unit break and that was not corrected, with how many lines.
-- Reads only.
SELECT
    l.dataset,
    l.rule_id,
    l.ly_do,
    l.muc_do,
    l.so_dong,
    l.so_dong_bi_loai,
    l.xuat_luc_moi_nhat
FROM mart.loi_du_lieu AS l
WHERE l.ma_don_vi = ANY(:cac_ma)
ORDER BY l.so_dong_bi_loai DESC, l.so_dong DESC, l.dataset ASC, l.rule_id ASC;
