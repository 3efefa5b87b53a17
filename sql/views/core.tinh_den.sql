CREATE VIEW core.tinh_den AS
SELECT
    dataset,
    max(extracted_at) AS tinh_den
FROM ops.batch
WHERE status = 'loaded'
GROUP BY dataset;
COMMENT ON VIEW core.tinh_den IS
'Một dòng = một bộ dữ liệu và thời điểm cuối cùng mà nguồn của nó cho biết, theo các lô đã nạp.';
