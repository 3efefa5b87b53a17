-- One row is a row behind a figure of a published revision (:ban NULL: the one in force), with its file and line.
-- Reads only.
SELECT
    r.fact,
    r.ma_don_vi_giai_quyet AS ma_don_vi,
    r.ten_don_vi,
    r.thang,
    r.ma_tthc,
    r.noi_dung,
    r.batch_id,
    b.ten_tep AS original_name,
    b.sha256,
    r.line_no
FROM mart.ho_so_cua_chi_so(:ma, :ky_loai, :ky, :don_vi, CAST(:ban AS integer), :phan) AS r
LEFT JOIN core.ten_tep AS b ON r.batch_id = b.batch_id
ORDER BY r.ma_don_vi_giai_quyet, r.batch_id, r.line_no, r.dong;
