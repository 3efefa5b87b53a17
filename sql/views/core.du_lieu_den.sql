-- With the owner's rights: of ops.batch it shows one time per indicator and publication, and nothing else.
CREATE VIEW core.du_lieu_den AS
SELECT
    n.ma_chi_so,
    b.so_cai,
    -- What one source does not tell is not known, whatever the others do.
    CASE WHEN bool_and(t.tinh_den IS NOT NULL) THEN min(t.tinh_den) END AS du_lieu_den
FROM core.nguon_chi_so AS n
CROSS JOIN
    (
        SELECT 0 AS so_cai
        UNION ALL
        SELECT s.so AS so_cai FROM ops.so_cai AS s
        WHERE s.loai IN ('chot', 'tam_cong_bo', 'dinh_chinh')
    ) AS b
LEFT JOIN
    (
        SELECT
            0 AS so_cai,
            h.dataset,
            h.tinh_den
        FROM core.tinh_den AS h
        UNION ALL
        SELECT
            c.so_cai,
            c.dataset,
            c.tinh_den
        FROM mart.nguon_cong_bo AS c
    ) AS t
    ON n.dataset = t.dataset AND b.so_cai = t.so_cai
GROUP BY n.ma_chi_so, b.so_cai;
COMMENT ON VIEW core.du_lieu_den IS
'Một dòng = dữ liệu của một chỉ số biết đến lúc nào: nay (so_cai = 0), hoặc lúc ghi một dòng sổ công bố; là nguồn '
'biết ít nhất.';
GRANT SELECT ON core.du_lieu_den TO cchc_bi, cchc_steward, cchc_don_vi;
