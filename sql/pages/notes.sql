-- One row is a comment on a figure of a period, or a mark of it, the newest first; :ma and :don_vi NULL: of all
-- figures. Reads only.
SELECT
    g.ma_chi_so,
    g.ma_don_vi,
    g.loai,
    g.noi_dung,
    g.nguoi,
    g.luc,
    g.dang_theo_doi
FROM mart.ghi_chu AS g
WHERE
    g.ky_loai = :ky_loai AND g.ky = :ky
    AND (CAST(:ma AS text) IS NULL OR g.ma_chi_so = :ma)
    AND (CAST(:don_vi AS text) IS NULL OR g.ma_don_vi = :don_vi)
ORDER BY g.lan DESC;
