-- With the owner's rights: of ops.batch and ops.reconciliation it shows days and numbers of days, and nothing else.
CREATE VIEW core.nhan_du_lieu AS
WITH hom_nay AS (
    SELECT (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS ngay
),

theo_ngay AS (
    SELECT
        h.ky,
        h.tu_ngay,
        h.den_ngay,
        h.han,
        d.dataset,
        d.ten,
        d.he_thong,
        ngay.ngay::date + h.so_ngay AS han_cua_ngay,
        keo.nhan_luc
    FROM core.han_nop AS h
    CROSS JOIN core.bo_du_lieu_keo AS d
    CROSS JOIN hom_nay
    -- A day that is over.
    CROSS JOIN
        LATERAL generate_series(h.tu_ngay, least(h.den_ngay, hom_nay.ngay - 1), interval '1 day') AS ngay (ngay)
    LEFT JOIN LATERAL (
        SELECT b.landed_at AT TIME ZONE 'Asia/Ho_Chi_Minh' AS nhan_luc
        FROM ops.batch AS b
        WHERE
            b.dataset = d.dataset
            AND b.status = 'loaded'
            AND b.landed_at >= (ngay.ngay + interval '1 day') AT TIME ZONE 'Asia/Ho_Chi_Minh'
            AND b.window_to >= ngay.ngay + interval '1 day'
            AND coalesce(b.window_from, '-infinity') <= ngay.ngay
        ORDER BY b.landed_at ASC
        LIMIT 1
    ) AS keo ON TRUE
    WHERE h.loai = 'du_lieu'
)

SELECT
    t.ky,
    t.tu_ngay,
    t.den_ngay,
    'du_lieu' AS loai,
    t.dataset,
    t.ten,
    t.he_thong,
    m.moc AS biet_den,
    t.han,
    count(*) AS phai_co,
    count(t.nhan_luc) AS da_co,
    count(*) FILTER (WHERE t.nhan_luc < t.han_cua_ngay + 1) AS dung_han,
    max(t.nhan_luc) AS cuoi_luc,
    greatest(max(coalesce(t.nhan_luc::date, hom_nay.ngay) - t.han_cua_ngay), 0) AS tre_ngay
FROM theo_ngay AS t
CROSS JOIN hom_nay
LEFT JOIN ops.moc_nuoc AS m ON t.dataset = m.dataset
GROUP BY t.ky, t.tu_ngay, t.den_ngay, t.dataset, t.ten, t.he_thong, m.moc, t.han
UNION ALL
SELECT
    h.ky,
    h.tu_ngay,
    h.den_ngay,
    'doi_chieu' AS loai,
    d.dataset,
    d.ten,
    d.he_thong,
    max(r.den) AS biet_den,
    h.han,
    1 AS phai_co,
    count(r.luc) AS da_co,
    count(*) FILTER (WHERE r.luc < h.han + 1) AS dung_han,
    min(r.luc) AS cuoi_luc,
    greatest(coalesce(min(r.luc)::date, max(hom_nay.ngay)) - h.han, 0) AS tre_ngay
FROM core.han_nop AS h
INNER JOIN core.bo_du_lieu_keo AS d ON d.doi_chieu
INNER JOIN hom_nay ON h.den_ngay < hom_nay.ngay
LEFT JOIN LATERAL (
    SELECT
        min(x.compared_at) AT TIME ZONE 'Asia/Ho_Chi_Minh' AS luc,
        max(x.as_of) AS den
    FROM ops.reconciliation AS x
    WHERE x.dataset = d.dataset AND x.as_of >= h.den_ngay + 1 AND x.state <> 'unknown'
) AS r ON TRUE
WHERE h.loai = 'doi_chieu'
GROUP BY h.ky, h.tu_ngay, h.den_ngay, d.dataset, d.ten, d.he_thong, h.han;
COMMENT ON VIEW core.nhan_du_lieu IS
'Một dòng = một bộ dữ liệu kéo từ nguồn trong một tháng: số ngày hoặc lần đối chiếu phải có, đã có, đúng hạn.';
GRANT SELECT ON core.nhan_du_lieu TO cchc_bi, cchc_don_vi;
