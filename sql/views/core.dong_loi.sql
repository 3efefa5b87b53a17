-- With the owner's rights: findings are those of all units. Which of them still stand is kept beside them, by whatever
-- loads or judges (cchc.judging.standing).
CREATE VIEW core.dong_loi AS
WITH hien_nay AS NOT MATERIALIZED (
    SELECT d.*
    FROM (SELECT max(tinh_den)::date AS ngay FROM core.tinh_den) AS moc
    CROSS JOIN LATERAL core.don_vi_cho_bi(moc.ngay) AS d
),

don_vi AS NOT MATERIALIZED (
    SELECT
        ma_goc,
        ma_don_vi,
        ten_don_vi,
        cap
    FROM hien_nay
    UNION ALL
    -- What a finding bears that is no unit's code, or no code at all.
    SELECT
        khac.ma_goc,
        'KHONG_RO' AS ma_don_vi,
        'Không rõ đơn vị' AS ten_don_vi,
        NULL AS cap
    FROM (
        SELECT DISTINCT coalesce(ma_don_vi, '') AS ma_goc FROM ops.line_finding
        WHERE con_loi <> '{}'
    ) AS khac
    WHERE NOT EXISTS (
        SELECT FROM hien_nay
        WHERE hien_nay.ma_goc = khac.ma_goc
    )
)

SELECT
    b.dataset,
    CASE v.severity WHEN 'critical' THEN 'loai' ELSE 'canh_bao' END AS muc_do,
    v.rule_id,
    v.reason AS ly_do,
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    f.khoa,
    f.bi_loai,
    f.batch_id,
    b.extracted_at AS xuat_luc,
    b.original_name AS ten_tep,
    f.line_no
FROM don_vi AS d
INNER JOIN ops.line_finding AS f ON d.ma_goc = coalesce(f.ma_don_vi, '') AND f.con_loi <> '{}'
INNER JOIN ops.batch AS b ON f.batch_id = b.batch_id
CROSS JOIN LATERAL unnest(f.con_loi) AS r (rule_id)
INNER JOIN ops.validation_result AS v ON f.batch_id = v.batch_id AND r.rule_id = v.rule_id;
COMMENT ON VIEW core.dong_loi IS
'Như mart.dong_loi, của mọi đơn vị; mart.dong_loi và mart.loi_du_lieu lấy từ đây.';
