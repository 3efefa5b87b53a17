-- One row is a dataset and the last moment that its source tells of, NULL while nothing is loaded. Reads only.
SELECT
    t.dataset,
    t.tinh_den
FROM mart.tinh_trang_nguon AS t
ORDER BY t.dataset;
