-- One row is what entry :so published of one part and period: how many rows, and one hash over them without what is
-- another in another warehouse (numbers of entries and batches, times of loading). Reads only.
SELECT
    d.phan,
    d.ky_loai,
    d.ky,
    count(*) AS so_dong,
    encode(sha256(string_agg(d.ma_bam, ''::bytea ORDER BY d.ma_bam)), 'hex') AS ma_bam
FROM (
    SELECT
        x.phan,
        x.ky_loai,
        x.ky,
        sha256(convert_to(x.noi_dung::text, 'UTF8')) AS ma_bam
    FROM (
        SELECT
            'con_so' AS phan,
            t.ky_loai,
            t.ky,
            to_jsonb(t) - 'so_cai' AS noi_dung
        FROM mart.con_so_cong_bo AS t
        WHERE t.so_cai = :so
        UNION ALL
        SELECT
            'bieu_06a' AS phan,
            t.ky_loai,
            t.ky,
            to_jsonb(t) - 'so_cai' AS noi_dung
        FROM mart.bieu_06a_cong_bo AS t
        WHERE t.so_cai = :so
        UNION ALL
        SELECT
            'dong' AS phan,
            '' AS ky_loai,
            t.ky,
            to_jsonb(t) - '{so_cai,batch_id,line_no}'::text[] AS noi_dung
        FROM core.dong_cong_bo AS t
        WHERE t.so_cai = :so
        UNION ALL
        SELECT
            'dem' AS phan,
            '' AS ky_loai,
            t.ky,
            to_jsonb(t) - 'so_cai' AS noi_dung
        FROM core.dem_cong_bo AS t
        WHERE t.so_cai = :so
        UNION ALL
        SELECT
            'don_vi' AS phan,
            '' AS ky_loai,
            '' AS ky,
            to_jsonb(t) - 'so_cai' AS noi_dung
        FROM core.don_vi_cong_bo AS t
        WHERE t.so_cai = :so
        UNION ALL
        SELECT
            'dinh_nghia' AS phan,
            '' AS ky_loai,
            '' AS ky,
            to_jsonb(t) - 'so_cai' AS noi_dung
        FROM ops.dinh_nghia_cong_bo AS t
        WHERE t.so_cai = :so
        UNION ALL
        SELECT
            'lo' AS phan,
            '' AS ky_loai,
            '' AS ky,
            to_jsonb(t) - '{so_cai,batch_id,loaded_at}'::text[] AS noi_dung
        FROM ops.lo_cong_bo AS t
        WHERE t.so_cai = :so
    ) AS x
) AS d
GROUP BY d.phan, d.ky_loai, d.ky
ORDER BY d.phan, d.ky_loai, d.ky;
