CREATE FUNCTION ops.tre_han_luc(luc timestamp)
RETURNS TABLE (
    ma_phat_hien text, loai text, doi_tuong text, ten text, ky text, tre_tu timestamp, thieu bigint, viec_can_lam text
)
LANGUAGE sql STABLE AS $$
-- A day that a source should have told of by now, and did not.
SELECT
    'du_lieu:' || d.dataset AS ma_phat_hien,
    'du_lieu' AS loai,
    d.dataset AS doi_tuong,
    d.ten,
    to_char(m.moc, 'YYYY-MM') AS ky,
    (m.moc::date + r.so_ngay + 1)::timestamp AS tre_tu,
    tre_han_luc.luc::date - m.moc::date - r.so_ngay::bigint AS thieu,
    'Xem lần chạy gần nhất của DAG kéo hệ thống ' || d.he_thong || ', lô bị dừng, kết nối với nguồn' AS viec_can_lam
FROM core.bo_du_lieu_keo AS d
INNER JOIN core.ky_han AS r
    ON r.loai = 'du_lieu' AND tre_han_luc.luc::date BETWEEN r.hieu_luc_tu AND r.hieu_luc_den
LEFT JOIN ops.moc_nuoc AS m ON d.dataset = m.dataset
WHERE coalesce(m.moc, '-infinity') < tre_han_luc.luc::date - r.so_ngay
UNION ALL
-- A month that nobody compared with its source; one that a source cannot state is nobody's delay.
SELECT
    'doi_chieu:' || d.dataset AS ma_phat_hien,
    'doi_chieu' AS loai,
    d.dataset AS doi_tuong,
    d.ten,
    min(h.ky) AS ky,
    (min(h.han) + 1)::timestamp AS tre_tu,
    count(*) AS thieu,
    'Chạy DAG reconcile_nguon (python -m cchc reconcile)' AS viec_can_lam
FROM core.han_nop AS h
INNER JOIN core.bo_du_lieu_keo AS d ON d.doi_chieu
WHERE
    h.loai = 'doi_chieu'
    AND h.han < tre_han_luc.luc::date
    AND NOT EXISTS (
        SELECT FROM ops.reconciliation AS x
        WHERE x.dataset = d.dataset AND x.as_of >= h.den_ngay + 1
    )
GROUP BY d.dataset, d.ten
UNION ALL
-- What a unit did not declare.
SELECT
    'khai_bao:' || k.ky AS ma_phat_hien,
    'khai_bao' AS loai,
    k.ma_don_vi AS doi_tuong,
    k.ten_don_vi AS ten,
    k.ky,
    (k.han + 1)::timestamp AS tre_tu,
    k.phai_co - k.da_co AS thieu,
    'Nhắc đơn vị gửi phiếu khai báo của tháng (make form), hoặc sửa phiếu bị loại' AS viec_can_lam
FROM core.nop_khai_bao AS k
WHERE k.han < tre_han_luc.luc::date AND k.da_co < k.phai_co
UNION ALL
-- What a unit did not confirm of a month that is open, since units have begun to confirm.
SELECT
    'xac_nhan:' || h.ky AS ma_phat_hien,
    'xac_nhan' AS loai,
    d.ma_don_vi AS doi_tuong,
    d.ten_don_vi AS ten,
    h.ky,
    (h.han + 1)::timestamp AS tre_tu,
    1 AS thieu,
    'Nhắc đơn vị xem con số của mình và trả lời câu hỏi xác nhận của tháng trong Airflow (DAG confirm_chi_so)'
    AS viec_can_lam
FROM ops.thang_chua_chot AS h
INNER JOIN core.don_vi AS d ON h.den_ngay BETWEEN d.valid_from AND d.valid_to AND d.theo_doi AND d.cap = ANY(h.cap)
LEFT JOIN LATERAL (
    SELECT s.noi_dung ->> 'dong_y' = 'true' AS dong_y
    FROM ops.so_cai AS s
    WHERE s.loai = 'xac_nhan' AND s.ky = h.ky AND s.ma_don_vi = d.ma_don_vi
    ORDER BY s.so DESC
    LIMIT 1
) AS x ON TRUE
WHERE
    h.loai = 'xac_nhan'
    AND h.han < tre_han_luc.luc::date
    AND x.dong_y IS NOT TRUE
    AND h.ky >= (SELECT min(s.ky) FROM ops.so_cai AS s WHERE s.loai = 'xac_nhan' AND s.noi_dung ->> 'dong_y' = 'true')
UNION ALL
-- Where no unit ever confirmed anything, that is one thing and not one for each unit and month.
SELECT
    'xac_nhan:chua_bao_gio' AS ma_phat_hien,
    'xac_nhan' AS loai,
    NULL AS doi_tuong,
    NULL AS ten,
    min(h.ky) AS ky,
    (min(h.han) + 1)::timestamp AS tre_tu,
    count(*) AS thieu,
    'Cho DAG confirm_chi_so chạy và hướng dẫn đơn vị xác nhận; nếu không dùng: để trống so_ngay của xac_nhan_thang '
    || 'trong sql/reference/ky_han.csv' AS viec_can_lam
FROM ops.thang_chua_chot AS h
WHERE
    h.loai = 'xac_nhan'
    AND h.han < tre_han_luc.luc::date
    AND NOT EXISTS (
        SELECT FROM ops.so_cai AS s
        WHERE s.loai = 'xac_nhan' AND s.noi_dung ->> 'dong_y' = 'true'
    )
HAVING count(*) > 0
UNION ALL
-- Months are closed in order, so those that are open are one thing: that of the first of them.
SELECT
    'chot:' || min(h.ky) AS ma_phat_hien,
    'chot' AS loai,
    NULL AS doi_tuong,
    NULL AS ten,
    min(h.ky) AS ky,
    (min(h.han) + 1)::timestamp AS tre_tu,
    count(*) AS thieu,
    'Xem điều kiện chốt của tháng sớm nhất (mart.dieu_kien_chot), rồi chốt bằng DAG publish_chi_so; nếu không dùng: '
    || 'để trống so_ngay của chot_thang trong sql/reference/ky_han.csv' AS viec_can_lam
FROM ops.thang_chua_chot AS h
WHERE h.loai = 'chot' AND h.han < tre_han_luc.luc::date
HAVING count(*) > 0
$$;
COMMENT ON FUNCTION ops.tre_han_luc(timestamp) IS
'Như ops.tre_han, tại một lúc khác, giờ Việt Nam: khi nguồn mô phỏng đã hết thì là lúc nó hết.';
GRANT EXECUTE ON FUNCTION ops.tre_han_luc(timestamp) TO cchc_steward;
