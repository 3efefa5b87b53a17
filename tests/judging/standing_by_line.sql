-- One row is one rule that a line still breaks: each finding looks for its own line, whatever is kept beside it.
SELECT
    f.batch_id,
    f.line_no,
    r.rule_id
FROM ops.line_finding AS f
INNER JOIN ops.batch AS b ON f.batch_id = b.batch_id
LEFT JOIN ops.contradiction AS c ON f.batch_id = c.batch_id AND f.line_no = c.line_no
CROSS JOIN
    LATERAL (
        SELECT
            bool_or(h.thoi_diem >= least(f.thoi_diem, b.extracted_at)) AS da_sua,
            bool_or(h.batch_id = f.batch_id AND h.line_no = f.line_no) AS la_dong_nay,
            bool_or(h.batch_id = c.held_batch_id AND h.line_no = c.held_line_no) AS la_dong_kia
        FROM core.dong_hien_hanh AS h
        WHERE
            h.dataset = b.dataset
            AND (
                h.khoa = f.khoa AND h.khoa_tim = ANY(string_to_array(f.khoa, ' ') || f.khoa)
                OR md5(h.khoa) = f.khoa_an
            )
    ) AS kho
CROSS JOIN
    LATERAL (
        SELECT unnest(f.rule_ids) AS rule_id
        WHERE
            CASE
                WHEN f.bi_loai
                    THEN
                        kho.da_sua IS NOT TRUE
                        AND NOT EXISTS (
                            SELECT FROM ops.line_finding AS sau
                            INNER JOIN ops.batch AS lo ON sau.batch_id = lo.batch_id
                            WHERE
                                (sau.khoa = f.khoa OR sau.khoa_an = f.khoa_an)
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
WHERE b.status = 'loaded' AND r.rule_id IS NOT NULL
ORDER BY f.batch_id, f.line_no, r.rule_id
