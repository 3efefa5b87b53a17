-- What of the findings before still stands, as the view core.dong_loi worked it out for whoever asked.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.
WITH hien_hanh AS MATERIALIZED (
    SELECT h.*
    FROM (
        SELECT
            'don_vi' AS dataset,
            p.ma_don_vi AS khoa,
            p.ma_don_vi AS khoa_tim,
            p.thoi_diem,
            p.batch_id,
            p.line_no
        FROM core.don_vi_phien_ban AS p
        WHERE
            NOT EXISTS (
                SELECT 1 FROM core.don_vi_phien_ban AS sau
                WHERE sau.ma_don_vi = p.ma_don_vi AND (sau.thoi_diem, sau.van_tay) > (p.thoi_diem, p.van_tay)
            )
        -- other facts: a branch each, made from their contracts
        UNION ALL
        SELECT
            'tthc' AS dataset,
            p.ma_tthc AS khoa,
            p.ma_tthc AS khoa_tim,
            p.thoi_diem,
            p.batch_id,
            p.line_no
        FROM core.tthc_phien_ban AS p
        WHERE
            NOT EXISTS (
                SELECT 1 FROM core.tthc_phien_ban AS sau
                WHERE sau.ma_tthc = p.ma_tthc AND (sau.thoi_diem, sau.van_tay) > (p.thoi_diem, p.van_tay)
            )
        UNION ALL
        SELECT
            'khai_bao' AS dataset,
            concat_ws(' ', k.ma_so_lieu, k.ma_don_vi, k.ky) AS khoa,
            k.ma_don_vi AS khoa_tim,
            k.ngay_khai AS thoi_diem,
            k.batch_id,
            k.line_no
        FROM core.khai_bao AS k
        WHERE
            NOT EXISTS (
                SELECT 1 FROM core.khai_bao AS sau
                WHERE
                    sau.ma_don_vi = k.ma_don_vi AND sau.ky = k.ky AND sau.ma_so_lieu = k.ma_so_lieu
                    AND (sau.ngay_khai, sau.gia_tri) > (k.ngay_khai, k.gia_tri)
            )
        UNION ALL
        SELECT
            'danh_gia' AS dataset,
            concat_ws(' ', ma_ho_so, thoi_gian_danh_gia) AS khoa,
            ma_ho_so AS khoa_tim,
            ngay_cap_nhat AS thoi_diem,
            batch_id,
            line_no
        FROM core.danh_gia
        UNION ALL
        SELECT
            'qua_trinh' AS dataset,
            concat_ws(' ', ma_ho_so, trang_thai) AS khoa,
            ma_ho_so AS khoa_tim,
            thoi_gian AS thoi_diem,
            batch_id,
            line_no
        FROM core.qua_trinh
    ) AS h
    WHERE
        (h.dataset, h.khoa) IN (
            SELECT
                b.dataset,
                f.khoa
            FROM ops.line_finding AS f
            INNER JOIN ops.batch AS b ON f.batch_id = b.batch_id
        )
)

UPDATE ops.line_finding AS f
SET con_loi = moi.con_loi
FROM (
    SELECT
        x.batch_id,
        x.line_no,
        CASE
            WHEN x.bi_loai
                THEN CASE WHEN kho.da_sua IS TRUE OR x.bi_loai_lai THEN '{}' ELSE x.rule_ids END
            WHEN kho.la_dong_nay THEN x.rule_ids
            WHEN kho.la_dong_kia THEN array_remove(ARRAY[x.rule_kia], NULL)
            ELSE '{}'
        END AS con_loi
    FROM (
        SELECT
            t.*,
            b.dataset,
            c.rule_id AS rule_kia,
            cuoi.khoa IS NOT NULL AS bi_loai_lai
        FROM ops.line_finding AS t
        INNER JOIN ops.batch AS b ON t.batch_id = b.batch_id
        -- A line rejected again and again counts once, as it came last.
        LEFT JOIN (
            SELECT DISTINCT ON (lo.dataset, lai.khoa)
                lo.dataset,
                lai.khoa,
                coalesce(lo.extracted_at, 'infinity') AS luc,
                lo.batch_id
            FROM ops.line_finding AS lai
            INNER JOIN ops.batch AS lo ON lai.batch_id = lo.batch_id
            WHERE lai.bi_loai AND lai.khoa IS NOT NULL AND lo.status = 'loaded'
            ORDER BY lo.dataset ASC, lai.khoa ASC, luc DESC, lo.batch_id DESC
        ) AS cuoi
            ON
                b.dataset = cuoi.dataset
                AND t.khoa = cuoi.khoa
                AND (cuoi.luc, cuoi.batch_id) > (coalesce(b.extracted_at, 'infinity'), b.batch_id)
        LEFT JOIN ops.contradiction AS c ON t.batch_id = c.batch_id AND t.line_no = c.line_no
        WHERE b.status = 'loaded'
    ) AS x
    LEFT JOIN (
        SELECT
            t.batch_id,
            t.line_no,
            bool_or(h.thoi_diem >= least(t.thoi_diem, b.extracted_at)) AS da_sua,
            bool_or(h.batch_id = t.batch_id AND h.line_no = t.line_no) AS la_dong_nay,
            bool_or(h.batch_id = c.held_batch_id AND h.line_no = c.held_line_no) AS la_dong_kia
        FROM ops.line_finding AS t
        INNER JOIN ops.batch AS b ON t.batch_id = b.batch_id
        INNER JOIN hien_hanh AS h ON b.dataset = h.dataset AND t.khoa = h.khoa
        LEFT JOIN ops.contradiction AS c ON t.batch_id = c.batch_id AND t.line_no = c.line_no
        GROUP BY t.batch_id, t.line_no
    ) AS kho
        ON x.batch_id = kho.batch_id AND x.line_no = kho.line_no
) AS moi
WHERE f.batch_id = moi.batch_id AND f.line_no = moi.line_no AND moi.con_loi <> '{}';
