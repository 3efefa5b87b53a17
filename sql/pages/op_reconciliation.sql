-- One row is one month of receipt of a dataset, as its last comparison with the source found it; equal ones are left out.
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
    ORDER BY dataset, month, as_of DESC
) AS r
WHERE r.state <> 'equal'
ORDER BY r.state <> 'differs', r.dataset, r.month DESC;
