-- One row is one thing that is published and does not follow from the ledger, in words. Reads only.
SELECT
    format(
        'mart.chi_so %s %s %s %s is not what was published last', c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi
    ) AS what
FROM mart.chi_so AS c
LEFT JOIN
    LATERAL (
        SELECT p.*
        FROM mart.con_so_cong_bo AS p
        WHERE
            p.ky_loai = c.ky_loai AND p.ky = c.ky AND p.ma_don_vi = c.ma_don_vi AND p.ma_chi_so = c.ma_chi_so
            AND p.trang_thai = 'da_chot'
        ORDER BY p.so_cai DESC
        LIMIT 1
    ) AS p
    ON TRUE
WHERE
    c.trang_thai = 'da_chot'
    AND (c.tu_so, c.mau_so, c.gia_tri, c.muc_tieu, c.dat, c.revision, c.phien_ban)
    IS DISTINCT FROM (p.tu_so, p.mau_so, p.gia_tri, p.muc_tieu, p.dat, p.revision, p.phien_ban)
UNION ALL
SELECT format('measure %s is used and unknown', x.phep_do) AS what
FROM (SELECT DISTINCT d.phep_do FROM core.dem_cong_bo AS d) AS x
WHERE
    NOT EXISTS (
        SELECT FROM core.phep_do AS p
        WHERE p.phep_do = x.phep_do
    )
UNION ALL
SELECT format('file %s of entry %s is not what its hash says', t.duong_dan, t.so_cai) AS what
FROM ops.tep_cong_bo AS t
INNER JOIN ops.noi_dung_tep AS n ON t.sha256 = n.sha256
WHERE encode(sha256(convert_to(n.noi_dung, 'UTF8')), 'hex') <> n.sha256
ORDER BY what;
