CREATE VIEW mart.chi_so_lich_su WITH (security_invoker = on) AS
SELECT
    c.*,
    s.luc AS valid_from,
    coalesce(
        lead(s.luc) OVER (PARTITION BY c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi ORDER BY c.so_cai), 'infinity'
    ) AS valid_to
FROM mart.con_so_cong_bo AS c
INNER JOIN ops.so_cai AS s ON c.so_cai = s.so;
COMMENT ON VIEW mart.chi_so_lich_su IS
'Một dòng = một con số của một bản đã công bố và khoảng thời gian bản ấy là bản đang dùng: mọi bản '
'(include_history của SDMX).';
COMMENT ON COLUMN mart.chi_so_lich_su.valid_from IS
'Lúc công bố bản này; lọc valid_from > một thời điểm: những gì mới từ đó (updated_after).';
COMMENT ON COLUMN mart.chi_so_lich_su.valid_to IS 'Lúc bản sau thay bản này; infinity: đang dùng.';
GRANT SELECT ON mart.chi_so_lich_su TO cchc_bi, cchc_steward, cchc_don_vi;
