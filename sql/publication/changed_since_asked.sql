-- One row: how many figures of the month :ky changed since the province was asked about it before, if it was.
-- Reads only.
WITH lan_truoc AS (
    SELECT max(q.luc) AS tu
    FROM ops.de_nghi AS q
    WHERE q.ky = :ky AND q.loai = 'chot' AND q.tra_loi IS NOT NULL
)

SELECT
    l.tu,
    count(DISTINCT concat_ws(' ', f.ma_chi_so, f.ma_don_vi)) AS so_con_so,
    count(DISTINCT f.ma_don_vi) FILTER (WHERE NOT starts_with(f.ma_don_vi, 'TONG:')) AS so_don_vi
FROM lan_truoc AS l
LEFT JOIN ops.figure_change AS f
    ON f.ky_loai = 'thang' AND f.ky = :ky AND f.changed_at >= coalesce(l.tu, '-infinity')
GROUP BY l.tu;
