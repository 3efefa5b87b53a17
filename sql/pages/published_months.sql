-- One row is a month that has data and how far it is published, the newest first. Reads only.
SELECT
    c.ky,
    c.trang_thai,
    ban.revision,
    c.so_cai,
    c.luc,
    c.nguoi,
    c.nguoi_duyet,
    c.ly_do,
    c.con_so_cho
FROM mart.cong_bo AS c
LEFT JOIN
    LATERAL (
        -- Of one unit: all figures of a period are of one revision.
        SELECT max(f.revision) AS revision
        FROM mart.chi_so AS f
        WHERE f.ky_loai = 'thang' AND f.ky = c.ky AND f.ma_don_vi = 'TONG:toan_tinh'
    ) AS ban
    ON TRUE
ORDER BY c.ky DESC;
