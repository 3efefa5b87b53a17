-- One row is a dossier that was late in a closed period, as revision :revision published it, at one unit.
-- Reads only; row-level security says whose.
SELECT
    r.dong AS ma_ho_so,
    r.ma_tthc,
    CAST(r.noi_dung ->> 'tiep_nhan' AS date) AS tiep_nhan,
    CAST(r.noi_dung ->> 'hen_tra' AS date) AS hen_tra,
    CAST(nullif(r.noi_dung ->> 'ket_thuc', 'infinity') AS date) AS ket_thuc,
    t.ten_tep AS original_name,
    r.line_no
FROM mart.ho_so_cua_chi_so(:ma, :ky_loai, :ky, :don_vi, :revision, 'tu_so') AS r
LEFT JOIN core.ten_tep AS t ON r.batch_id = t.batch_id
ORDER BY hen_tra ASC, ma_ho_so ASC;
