-- One row is a closed month for which rows wait, each permitted by a lock exception: its unit then or now, its dataset,
-- and its file came before the exception ended. The newest exception gives the names. Reads only.
SELECT
    c.ky,
    (array_agg(n.nguoi ORDER BY n.so DESC))[1] AS nguoi,
    (array_agg(n.nguoi_duyet ORDER BY n.so DESC))[1] AS nguoi_duyet,
    (array_agg(n.ly_do ORDER BY n.so DESC))[1] AS ly_do,
    string_agg(DISTINCT n.so::text, ', ') AS cac_so
FROM core.dong_cho AS c
INNER JOIN jsonb_to_recordset(CAST(:bo_du_lieu AS jsonb)) AS f (fact text, dataset text) ON c.fact = f.fact
LEFT JOIN ops.batch AS b ON c.batch_id = b.batch_id
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
                    t.ma_goc = c.ma_don_vi
                    AND ((c.ky || '-01')::date + interval '1 month - 1 day')::date BETWEEN t.valid_from AND t.valid_to
                UNION ALL
                SELECT c.ma_don_vi
            )
        ORDER BY s.so DESC
        LIMIT 1
    ) AS n
    ON TRUE
GROUP BY c.ky
HAVING count(*) = count(n.so)
ORDER BY c.ky;
