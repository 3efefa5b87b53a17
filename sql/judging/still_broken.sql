-- One row is one finding of `xet_lai`, with the rules that its line still breaks by what core holds now. `xet_lai` is
-- made by cchc.judging.standing: findings of loaded batches of :dataset. Reads only.
SELECT
    x.batch_id,
    x.line_no,
    CASE
        WHEN x.bi_loai
            THEN CASE WHEN kho.da_sua IS TRUE OR sau.line_no IS NOT NULL THEN '{}' ELSE x.rule_ids END
        WHEN kho.la_dong_nay THEN x.rule_ids
        WHEN kho.la_dong_kia THEN array_remove(ARRAY[c.rule_id], NULL)
        ELSE '{}'
    END AS con_loi
FROM xet_lai AS x
LEFT JOIN ops.contradiction AS c ON x.batch_id = c.batch_id AND x.line_no = c.line_no
LEFT JOIN (
    SELECT
        y.batch_id,
        y.line_no,
        -- Corrected when the warehouse has since got a state that is as new as the rejected one. A time of
        -- change after the export is wrong itself; an unreadable one is not known.
        bool_or(y.dong_thoi_diem >= least(y.thoi_diem, y.extracted_at)) AS da_sua,
        -- A warning stands as long as the warehouse goes by that line,
        bool_or(y.dong_batch_id = y.batch_id AND y.dong_line_no = y.line_no) AS la_dong_nay,
        -- and that it contradicts a line as long as the warehouse goes by that one.
        bool_or(y.dong_batch_id = d.held_batch_id AND y.dong_line_no = d.held_line_no) AS la_dong_kia
    FROM (
        SELECT
            r.*,
            h.thoi_diem AS dong_thoi_diem,
            h.batch_id AS dong_batch_id,
            h.line_no AS dong_line_no
        FROM xet_lai AS r
        CROSS JOIN
            LATERAL unnest(
                CASE WHEN r.khoa LIKE '% %' THEN string_to_array(r.khoa, ' ') ELSE ARRAY[r.khoa] END
            ) AS p (phan)
        INNER JOIN core.dong_hien_hanh AS h
            ON h.dataset = :dataset AND p.phan = h.khoa_tim AND r.khoa = h.khoa
        UNION ALL
        -- Keys that may not be kept are not in any index: all lines are looked at, if there is one.
        SELECT
            r.*,
            h.thoi_diem AS dong_thoi_diem,
            h.batch_id AS dong_batch_id,
            h.line_no AS dong_line_no
        FROM xet_lai AS r
        INNER JOIN core.dong_hien_hanh AS h ON h.dataset = :dataset AND r.khoa_an = md5(h.khoa)
        WHERE (SELECT count(c.khoa_an) FROM xet_lai AS c) > 0
    ) AS y
    LEFT JOIN ops.contradiction AS d ON y.batch_id = d.batch_id AND y.line_no = d.line_no
    GROUP BY y.batch_id, y.line_no
) AS kho
    ON x.batch_id = kho.batch_id AND x.line_no = kho.line_no
-- A line rejected again and again counts once, as it came last.
LEFT JOIN (
    SELECT
        z.batch_id,
        z.line_no
    FROM xet_lai AS z
    INNER JOIN ops.line_finding AS lai ON z.khoa = lai.khoa AND lai.bi_loai
    INNER JOIN ops.batch AS lo ON lai.batch_id = lo.batch_id
    WHERE
        z.bi_loai
        AND lo.dataset = :dataset
        AND lo.status = 'loaded'
        AND (coalesce(lo.extracted_at, 'infinity'), lo.batch_id)
        > (coalesce(z.extracted_at, 'infinity'), z.batch_id)
    UNION
    SELECT
        z.batch_id,
        z.line_no
    FROM xet_lai AS z
    INNER JOIN ops.line_finding AS lai ON z.khoa_an = lai.khoa_an AND lai.bi_loai
    INNER JOIN ops.batch AS lo ON lai.batch_id = lo.batch_id
    WHERE
        z.bi_loai
        AND lo.dataset = :dataset
        AND lo.status = 'loaded'
        AND (coalesce(lo.extracted_at, 'infinity'), lo.batch_id)
        > (coalesce(z.extracted_at, 'infinity'), z.batch_id)
) AS sau
    ON x.batch_id = sau.batch_id AND x.line_no = sau.line_no
