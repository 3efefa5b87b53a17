-- One row is a closed month for which rows wait, each permitted by a lock exception: its unit then and now, its
-- dataset, and a file that the month does not know and that came before the exception ended. What the catalogue, a
-- definition or the map of units says, and what was withdrawn, is in no late file and has to be asked. The newest
-- exception gives the names. Reads only.
WITH den_muon AS (
    SELECT unnest(ARRAY['den_muon', 'sua_o_nguon', 'tha_khoi_loai']) AS nguyen_nhan
)

SELECT
    c.ky,
    (array_agg(n.nguoi ORDER BY n.so DESC))[1] AS nguoi,
    (array_agg(n.nguoi_duyet ORDER BY n.so DESC))[1] AS nguoi_duyet,
    (array_agg(n.ly_do ORDER BY n.so DESC))[1] AS ly_do,
    string_agg(DISTINCT n.so::text, ', ') AS cac_so
FROM core.dong_cho AS c
INNER JOIN jsonb_to_recordset(CAST(:bo_du_lieu AS jsonb)) AS f (fact text, dataset text) ON c.fact = f.fact
LEFT JOIN ops.batch AS b
    ON
        c.batch_id = b.batch_id
        AND c.con
        AND c.nguyen_nhan IN (SELECT m.nguyen_nhan FROM den_muon AS m)
        AND (
            c.nguyen_nhan = 'tha_khoi_loai'
            OR NOT EXISTS (
                SELECT FROM ops.lo_cong_bo AS l
                WHERE
                    l.batch_id = c.batch_id
                    AND l.so_cai <= (
                        SELECT max(d.so_cai) FROM core.dem_cong_bo AS d
                        WHERE d.ky = c.ky
                    )
            )
        )
-- A row that changes its unit changes the figures of two.
CROSS JOIN
    LATERAL (
        SELECT c.ma_don_vi
        UNION
        SELECT cu.ma_don_vi
        FROM core.dong_den() AS cu
        WHERE cu.ky = c.ky AND cu.fact = c.fact AND cu.dong = c.dong AND cu.con
    ) AS cua
LEFT JOIN
    LATERAL (
        SELECT s.*
        FROM ops.so_cai AS s
        WHERE
            s.loai = 'ngoai_le'
            AND s.ky = c.ky
            AND s.noi_dung ->> 'dataset' = f.dataset
            AND (b.landed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date <= (s.noi_dung ->> 'den')::date
            AND s.ma_don_vi IN (
                SELECT t.ma_don_vi
                FROM core.don_vi_tra_loi AS t
                WHERE
                    t.ma_goc = cua.ma_don_vi
                    AND ((c.ky || '-01')::date + interval '1 month - 1 day')::date BETWEEN t.valid_from AND t.valid_to
                UNION ALL
                SELECT cua.ma_don_vi
            )
        ORDER BY s.so DESC
        LIMIT 1
    ) AS n
    ON TRUE
WHERE
    -- A figure may wait without a row: its definition or its units are others.
    NOT EXISTS (
        SELECT FROM mart.phan_thay_doi AS p
        INNER JOIN mart.ky AS k ON p.ky_loai = k.ky_loai AND p.ky = k.ky
        WHERE
            p.den_revision IS NULL
            AND p.nguyen_nhan <> 'khong_am'
            AND p.nguyen_nhan NOT IN (SELECT m.nguyen_nhan FROM den_muon AS m)
            AND c.ky BETWEEN to_char(k.tu_ngay, 'YYYY-MM') AND to_char(k.den_ngay, 'YYYY-MM')
            -- A longer period is not published while another of its months waits.
            AND NOT EXISTS (
                SELECT FROM core.dong_cho AS khac
                WHERE
                    khac.ky <> c.ky
                    AND khac.ky BETWEEN to_char(k.tu_ngay, 'YYYY-MM') AND to_char(k.den_ngay, 'YYYY-MM')
            )
    )
GROUP BY c.ky
HAVING count(*) = count(n.so)
ORDER BY c.ky;
