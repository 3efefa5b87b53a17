-- One row is one batch, the newest work first, with the rules that its lines broke and the last run that worked on it.
-- Reads only.
SELECT
    b.batch_id,
    b.dataset,
    b.origin,
    b.original_name,
    b.status,
    b.judgement,
    b.stop_reason,
    b.window_from,
    b.window_to,
    b.extracted_at,
    b.lines_read,
    b.lines_accepted,
    b.lines_rejected,
    b.lines_superseded,
    b.landed_at,
    b.loaded_at,
    vi_pham.quy_tac,
    lan.dag_id,
    lan.run_id,
    lan.task_id,
    lan.map_index
FROM ops.batch AS b
LEFT JOIN LATERAL (
    SELECT array_agg(v.rule_id || ': ' || v.failed_count ORDER BY v.rule_id) AS quy_tac
    FROM ops.validation_result AS v
    WHERE v.batch_id = b.batch_id AND v.failed_count > 0
) AS vi_pham ON TRUE
LEFT JOIN LATERAL (
    SELECT r.* FROM ops.batch_run AS r
    WHERE r.batch_id = b.batch_id
    ORDER BY r.noted_at DESC, r.task_id ASC
    LIMIT 1
) AS lan ON TRUE
WHERE
    (CAST(:dataset AS text) = '' OR b.dataset = :dataset)
    AND (CAST(:batch_id AS bigint) IS NULL OR b.batch_id = :batch_id)
    AND (NOT CAST(:cho AS boolean) OR b.status <> 'loaded' OR b.judgement = 'stopped')
    AND (
        CAST(:run_id AS text) = ''
        OR EXISTS (
            SELECT FROM ops.batch_run AS r
            WHERE r.batch_id = b.batch_id AND r.dag_id = :dag_id AND r.run_id = :run_id
        )
    )
ORDER BY greatest(b.landed_at, b.validated_at, b.loaded_at) DESC, b.batch_id DESC
LIMIT CAST(:so_dong AS bigint);
