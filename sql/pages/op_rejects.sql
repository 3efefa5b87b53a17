-- One row is one line of a batch that was not loaded.
-- Reads only.
SELECT
    j.line_no,
    j.rule_ids,
    j.reasons,
    count(*) OVER () AS tat_ca
FROM ops.reject AS j
WHERE j.batch_id = :batch_id
ORDER BY j.line_no
LIMIT 100;
