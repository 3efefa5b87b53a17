CREATE VIEW core.nguon_chi_so WITH (security_invoker = on) AS
SELECT DISTINCT
    t.ma_chi_so,
    -- Two facts are made of another dataset's lines.
    CASE p.fact WHEN 'tthc_don_vi' THEN 'tthc' WHEN 'nop_so_lieu' THEN 'khai_bao' ELSE p.fact END AS dataset
FROM core.thuat_ngu AS t
INNER JOIN core.phep_do AS p ON t.phep_do = p.phep_do
UNION
-- Points are given for rates of these.
SELECT
    d.ma_chi_so,
    x.dataset
FROM mart.dinh_nghia AS d
CROSS JOIN (VALUES ('ho_so'), ('danh_gia'), ('tthc')) AS x (dataset)
WHERE d.loai = 'diem' AND d.bien_the_cua IS NULL;
COMMENT ON VIEW core.nguon_chi_so IS
'Một dòng = một bộ dữ liệu mà một chỉ số đã công bố được đếm từ đó.';
