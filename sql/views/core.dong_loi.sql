-- With the owner's rights: which lines are still faulty follows from the lines of all units.
CREATE VIEW core.dong_loi AS
WITH moi_nhat AS (
    -- A line rejected again and again counts once, as it came last.
    SELECT
        f.*,
        b.dataset,
        b.extracted_at,
        b.original_name,
        rank() OVER (
            PARTITION BY b.dataset, f.bi_loai, coalesce(f.khoa, f.batch_id || '/' || f.line_no)
            ORDER BY b.extracted_at DESC, f.batch_id DESC
        ) AS hang
    FROM ops.line_finding AS f
    INNER JOIN ops.batch AS b ON f.batch_id = b.batch_id
    WHERE b.status = 'loaded'
),

con_loi AS (
    SELECT f.*
    FROM moi_nhat AS f
    WHERE
        f.bi_loai
        AND f.hang = 1
        -- Corrected when the warehouse has since got a state that is as new as the rejected one. A time of
        -- change after the export is wrong itself; an unreadable one is not known.
        AND NOT EXISTS (
            SELECT 1
            FROM core.dong_hien_hanh AS h
            WHERE
                h.dataset = f.dataset
                AND h.khoa = f.khoa
                AND h.thoi_diem >= least(f.thoi_diem, f.extracted_at)
        )
    UNION ALL
    SELECT f.*
    FROM moi_nhat AS f
    WHERE
        NOT f.bi_loai
        -- A warning stands as long as the warehouse goes by that line.
        AND EXISTS (
            SELECT 1
            FROM core.dong_hien_hanh AS h
            WHERE
                h.dataset = f.dataset
                AND h.khoa = f.khoa
                AND h.batch_id = f.batch_id
                AND h.line_no = f.line_no
        )
    UNION ALL
    -- That it contradicts a line stands as long as the warehouse goes by that one.
    SELECT
        f.batch_id,
        f.line_no,
        f.khoa,
        f.thoi_diem,
        f.ma_don_vi,
        f.bi_loai,
        ARRAY[c.rule_id] AS rule_ids,
        f.dataset,
        f.extracted_at,
        f.original_name,
        f.hang
    FROM moi_nhat AS f
    INNER JOIN ops.contradiction AS c ON f.batch_id = c.batch_id AND f.line_no = c.line_no
    WHERE
        NOT f.bi_loai
        AND EXISTS (
            SELECT 1
            FROM core.dong_hien_hanh AS h
            WHERE
                h.dataset = f.dataset
                AND h.khoa = f.khoa
                AND h.batch_id = c.held_batch_id
                AND h.line_no = c.held_line_no
        )
),

don_vi AS (
    SELECT d.*
    FROM (SELECT max(tinh_den)::date AS ngay FROM core.tinh_den) AS moc
    CROSS JOIN LATERAL core.don_vi_cho_bi(moc.ngay) AS d
)

SELECT
    f.dataset,
    CASE v.severity WHEN 'critical' THEN 'loai' ELSE 'canh_bao' END AS muc_do,
    v.rule_id,
    v.reason AS ly_do,
    coalesce(don_vi.ma_don_vi, 'KHONG_RO') AS ma_don_vi,
    coalesce(don_vi.ten_don_vi, 'Không rõ đơn vị') AS ten_don_vi,
    don_vi.cap,
    f.khoa,
    f.bi_loai,
    f.batch_id,
    f.extracted_at AS xuat_luc,
    f.original_name AS ten_tep,
    f.line_no
FROM con_loi AS f
CROSS JOIN LATERAL unnest(f.rule_ids) AS r (rule_id)
INNER JOIN ops.validation_result AS v ON f.batch_id = v.batch_id AND r.rule_id = v.rule_id
LEFT JOIN don_vi ON f.ma_don_vi = don_vi.ma_goc;
COMMENT ON VIEW core.dong_loi IS
'Như mart.dong_loi, của mọi đơn vị; mart.dong_loi và mart.loi_du_lieu lấy từ đây.';
