-- One row is one unit of report II.06a that took over another number of open dossiers than it left in the period
-- before: what a source told later, or a dossier that changed its unit. Reads only.
SELECT
    concat_ws(' ', d.ky_loai, d.ky, d.ma_don_vi)
    || ': took over ' || d.tu_ky_truoc || ', ' || d.ton_cuoi_ky_truoc || ' were left in ' || d.ky_truoc AS what
FROM mart.doi_chieu_06a AS d
WHERE d.chenh_lech <> 0
ORDER BY what;
