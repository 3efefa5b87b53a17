-- One row is one landed file that the loads up to number :den know, or that was stopped before entry :so was
-- written: its batch in numbers, and the months that it changed. Nothing of its content. Reads only.
SELECT
    b.batch_id,
    b.dataset,
    b.sha256,
    b.size_bytes,
    b.original_name,
    b.origin,
    b.extracted_at::text AS extracted_at,
    b.time_source,
    b.window_from::text AS window_from,
    b.window_to::text AS window_to,
    b.landed_path,
    b.status,
    b.judgement,
    b.lines_read,
    b.lines_accepted,
    b.lines_rejected,
    b.lines_superseded,
    b.file_deleted_at,
    coalesce(thang.cac_thang, '{}') AS cac_thang
FROM ops.batch AS b
LEFT JOIN (
    SELECT
        p.batch_id,
        array_agg(p.ky ORDER BY p.ky) AS cac_thang
    FROM ops.batch_period AS p
    GROUP BY p.batch_id
) AS thang
    ON b.batch_id = thang.batch_id
WHERE
    EXISTS (
        SELECT FROM ops.lan_nap AS n
        WHERE n.batch_id = b.batch_id AND n.stt <= :den
    )
    OR (
        b.status = 'stopped'
        AND b.landed_at <= (
            SELECT s.luc
            FROM ops.so_cai AS s
            WHERE s.so = :so
        )
    )
ORDER BY b.batch_id;
