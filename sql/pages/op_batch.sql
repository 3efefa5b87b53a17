-- One row is one rule that lines of a batch broke.
-- Reads only.
SELECT
    v.rule_id,
    v.severity,
    v.reason,
    v.failed_count
FROM ops.validation_result AS v
WHERE v.batch_id = :batch_id AND v.failed_count > 0
ORDER BY v.severity ASC, v.failed_count DESC, v.rule_id ASC;
