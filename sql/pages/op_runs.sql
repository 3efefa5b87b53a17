-- One row is one task of a DAG run that worked on a batch.
-- Reads only.
SELECT
    r.dag_id,
    r.run_id,
    r.task_id,
    r.map_index,
    r.noted_at
FROM ops.batch_run AS r
WHERE r.batch_id = :batch_id
ORDER BY r.noted_at DESC, r.task_id ASC;
