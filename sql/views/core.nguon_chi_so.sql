-- With the owner's rights, which core.du_lieu_den has: it shows which dataset each indicator is counted from.
CREATE VIEW core.nguon_chi_so AS
WITH dem AS (
    SELECT DISTINCT
        t.ma_chi_so,
        -- Two facts are made of another dataset's lines.
        CASE p.fact WHEN 'tthc_don_vi' THEN 'tthc' WHEN 'nop_so_lieu' THEN 'khai_bao' ELSE p.fact END AS dataset
    FROM core.thuat_ngu AS t
    INNER JOIN core.phep_do AS p ON t.phep_do = p.phep_do
),

-- Points are given for published rates, and for readings of their own, which are of dossiers and procedures.
diem AS (
    SELECT dem.dataset
    FROM mart.thang_diem_766 AS t
    INNER JOIN dem ON t.ma_chi_so = dem.ma_chi_so
    UNION
    VALUES ('ho_so'), ('tthc')
)

SELECT
    ma_chi_so,
    dataset
FROM dem
UNION
SELECT
    d.ma_chi_so,
    diem.dataset
FROM mart.dinh_nghia AS d
CROSS JOIN diem
WHERE d.loai = 'diem' AND d.bien_the_cua IS NULL;
COMMENT ON VIEW core.nguon_chi_so IS
'Một dòng = một bộ dữ liệu mà một chỉ số đã công bố được đếm từ đó.';
