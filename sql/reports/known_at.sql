-- One row is a dataset and the last moment that its source had told of when entry :so_cai was published. Reads only.
SELECT
    n.dataset,
    n.tinh_den
FROM mart.nguon_cong_bo AS n
WHERE n.so_cai = :so_cai
ORDER BY n.dataset ASC;
