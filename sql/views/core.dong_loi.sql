-- With the owner's rights: which lines are still faulty follows from the lines of all units.
--
-- Written so that the lines of one unit are found by indexes: who asks for a unit is answered from its findings,
-- each of which looks for its own line (the aggregate keeps it from being joined with all lines of all datasets).
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
    FROM (SELECT DISTINCT coalesce(ma_don_vi, '') AS ma_goc FROM ops.line_finding) AS khac
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
INNER JOIN ops.line_finding AS f ON d.ma_goc = coalesce(f.ma_don_vi, '')
INNER JOIN ops.batch AS b ON f.batch_id = b.batch_id
LEFT JOIN ops.contradiction AS c ON f.batch_id = c.batch_id AND f.line_no = c.line_no
CROSS JOIN
    LATERAL (
        SELECT
            -- Corrected when the warehouse has since got a state that is as new as the rejected one. A time of
            -- change after the export is wrong itself; an unreadable one is not known.
            bool_or(h.thoi_diem >= least(f.thoi_diem, b.extracted_at)) AS da_sua,
            -- A warning stands as long as the warehouse goes by that line,
            bool_or(h.batch_id = f.batch_id AND h.line_no = f.line_no) AS la_dong_nay,
            -- and that it contradicts a line as long as the warehouse goes by that one.
            bool_or(h.batch_id = c.held_batch_id AND h.line_no = c.held_line_no) AS la_dong_kia
        FROM core.dong_hien_hanh AS h
        WHERE
            h.dataset = b.dataset
            AND h.khoa = f.khoa
            AND h.khoa_tim = ANY(string_to_array(f.khoa, ' ') || f.khoa)
    ) AS kho
CROSS JOIN
    LATERAL (
        SELECT unnest(f.rule_ids) AS rule_id
        WHERE
            CASE
                WHEN f.bi_loai
                    THEN
                        kho.da_sua IS NOT TRUE
                        -- A line rejected again and again counts once, as it came last.
                        AND NOT EXISTS (
                            SELECT FROM ops.line_finding AS sau
                            INNER JOIN ops.batch AS lo ON sau.batch_id = lo.batch_id
                            WHERE
                                sau.khoa = f.khoa
                                AND sau.bi_loai
                                AND lo.dataset = b.dataset
                                AND lo.status = 'loaded'
                                AND (coalesce(lo.extracted_at, 'infinity'), lo.batch_id)
                                > (coalesce(b.extracted_at, 'infinity'), b.batch_id)
                        )
                ELSE kho.la_dong_nay
            END
        UNION ALL
        SELECT c.rule_id
        WHERE NOT f.bi_loai AND kho.la_dong_kia
    ) AS r
INNER JOIN ops.validation_result AS v ON f.batch_id = v.batch_id AND r.rule_id = v.rule_id
WHERE b.status = 'loaded';
COMMENT ON VIEW core.dong_loi IS
'Như mart.dong_loi, của mọi đơn vị; mart.dong_loi và mart.loi_du_lieu lấy từ đây.';
