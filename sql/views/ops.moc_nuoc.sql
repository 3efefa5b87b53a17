-- With the owner's rights, which core.nhan_du_lieu has: of ops.batch it shows one time per dataset and nothing else.
CREATE VIEW ops.moc_nuoc AS
WITH loaded AS (
    SELECT
        dataset,
        coalesce(window_from, '-infinity') AS begins,
        least(window_to, landed_at AT TIME ZONE 'Asia/Ho_Chi_Minh') AS ends
    FROM ops.batch
    WHERE status = 'loaded' AND window_to IS NOT NULL
),

in_turn AS (
    SELECT
        dataset,
        begins,
        ends,
        coalesce(max(ends) OVER (
            PARTITION BY dataset
            ORDER BY begins, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), '-infinity') AS before
    FROM loaded
),

gaps AS (
    SELECT
        dataset,
        begins,
        ends,
        min(CASE WHEN begins > before THEN begins END) OVER (PARTITION BY dataset) AS gap
    FROM in_turn
)

SELECT
    dataset,
    max(ends) AS moc
FROM gaps
WHERE begins < coalesce(gap, 'infinity')
GROUP BY dataset;
COMMENT ON VIEW ops.moc_nuoc IS
'Một dòng = một bộ dữ liệu và lúc cuối cùng đã kéo và nạp liền mạch đến đó, giờ Việt Nam.';
COMMENT ON COLUMN ops.moc_nuoc.moc IS
'Mốc nước: khoảng kéo bắt đầu sau chỗ hở không tính; không bao giờ sau lúc nhận tệp.';
