-- One row is one month of receipt of a dataset that differed from the source when they were last compared.
-- Reads only.
SELECT
    r.dataset,
    r.month,
    r.source_total,
    r.core_total,
    r.rejected_total,
    r.state,
    r.as_of,
    r.compared_at
FROM (
    SELECT DISTINCT ON (dataset, month) *
    FROM ops.reconciliation
    ORDER BY dataset ASC, month ASC, as_of DESC
) AS r
WHERE r.state <> 'equal'
ORDER BY r.state <> 'differs' ASC, r.dataset ASC, r.month DESC;
