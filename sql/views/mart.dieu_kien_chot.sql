-- With the owner's rights: of lines, comparisons and declarations it shows how many.
--
-- Read for one month: each condition is worked out by itself.
CREATE VIEW mart.dieu_kien_chot AS
WITH thang AS (
    SELECT
        p.ky,
        (p.ky || '-01')::date AS tu_ngay,
        ((p.ky || '-01')::date + interval '1 month - 1 day')::date AS den_ngay,
        p.changed <> p.refreshed AS cho_tinh
    FROM ops.period AS p
),

dem AS (
    SELECT
        t.ky,
        1 AS thu_tu,
        'het_thang' AS ma,
        'Tháng đã hết' AS ten,
        'bat_buoc' AS muc,
        ((now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date <= t.den_ngay)::int::bigint AS thieu,
        'Hết ngày ' || to_char(t.den_ngay, 'DD/MM/YYYY') AS chi_tiet,
        'Chờ tháng hết' AS viec_can_lam
    FROM thang AS t
    UNION ALL
    SELECT
        t.ky,
        2 AS thu_tu,
        'thang_truoc' AS ma,
        'Các tháng trước đã chốt' AS ten,
        'bat_buoc' AS muc,
        count(truoc.ky) AS thieu,
        string_agg(truoc.ky, ', ' ORDER BY truoc.ky) AS chi_tiet,
        'Chốt các tháng trước theo thứ tự' AS viec_can_lam
    FROM thang AS t
    LEFT JOIN thang AS truoc
        ON
            t.ky > truoc.ky
            AND EXISTS (
                SELECT FROM mart.ky AS k
                WHERE k.ky_loai = 'thang' AND k.ky = truoc.ky AND k.ly_do_na IS NULL
            )
            AND NOT EXISTS (
                SELECT FROM ops.so_cai AS s
                WHERE s.ky = truoc.ky AND s.loai = 'chot'
            )
    GROUP BY t.ky
    UNION ALL
    SELECT
        t.ky,
        3 AS thu_tu,
        'da_tinh' AS ma,
        'Con số theo kịp dữ liệu' AS ten,
        'bat_buoc' AS muc,
        t.cho_tinh::int::bigint AS thieu,
        NULL AS chi_tiet,
        'Chạy DAG refresh_chi_so (make refresh)' AS viec_can_lam
    FROM thang AS t
    UNION ALL
    SELECT
        t.ky,
        4 AS thu_tu,
        'can_doi' AS ma,
        'Tỉnh bằng tổng các đơn vị; tiếp nhận bằng đã giải quyết cộng đang giải quyết' AS ten,
        'bat_buoc' AS muc,
        count(b.so) AS thieu,
        string_agg(b.ma_linh_vuc || ' cột ' || b.cot, ', ' ORDER BY b.ma_linh_vuc, b.cot) AS chi_tiet,
        'Chạy python -m cchc verify và báo lỗi của kho' AS viec_can_lam
    FROM thang AS t
    LEFT JOIN
        LATERAL (
            SELECT
                x.ma_linh_vuc,
                c.cot,
                sum(CASE WHEN x.ma_don_vi = core.ma_tong('toan_tinh') THEN -c.so ELSE c.so END) AS so
            FROM mart.bieu_06a AS x
            CROSS JOIN
                LATERAL (VALUES (3, x.cot_3), (7, x.cot_7), (11, x.cot_11), (0, x.cot_3 - x.cot_7 - x.cot_11))
                    AS c (cot, so)
            WHERE
                x.ky_loai = 'thang'
                AND x.ky = t.ky
                AND (x.ma_don_vi = core.ma_tong('toan_tinh') OR NOT starts_with(x.ma_don_vi, 'TONG:'))
            GROUP BY x.ma_linh_vuc, c.cot
            HAVING sum(CASE WHEN x.ma_don_vi = core.ma_tong('toan_tinh') THEN -c.so ELSE c.so END) <> 0
        ) AS b
        ON TRUE
    GROUP BY t.ky
    UNION ALL
    SELECT
        t.ky,
        5 AS thu_tu,
        'du_lieu' AS ma,
        'Nguồn đã có dữ liệu của mọi ngày' AS ten,
        'can_ly_do' AS muc,
        d.thieu,
        d.chi_tiet,
        'Xem lần chạy của ingest_tthc, ingest_van_ban' AS viec_can_lam
    FROM thang AS t
    -- Added up by itself: joined, the days of all months would be gone through.
    CROSS JOIN
        LATERAL (
            SELECT
                coalesce(sum(x.phai_co - x.da_co), 0)::bigint AS thieu,
                string_agg(x.ten || ': thiếu ' || (x.phai_co - x.da_co) || ' ngày', '; ' ORDER BY x.ten)
                FILTER (WHERE x.da_co < x.phai_co) AS chi_tiet
            FROM core.nhan_du_lieu AS x
            WHERE x.ky = t.ky COLLATE "C" AND x.loai = 'du_lieu' -- noqa: RF03
        ) AS d
    UNION ALL
    SELECT
        t.ky,
        6 AS thu_tu,
        'lo_dung' AS ma,
        'Không lô nào bị dừng' AS ten,
        'can_ly_do' AS muc,
        count(b.batch_id) AS thieu,
        string_agg(b.dataset || ' #' || b.batch_id, ', ' ORDER BY b.batch_id) AS chi_tiet,
        'Nộp tệp đã sửa cùng tên, hoặc kéo lại; docs/runbook.md: một lô bị dừng' AS viec_can_lam
    FROM thang AS t
    -- What was stopped and came again under its name, or was pulled again with its window, is settled.
    LEFT JOIN ops.batch AS b
        ON
            (b.status = 'loaded' AND b.judgement = 'stopped')
            OR (
                b.status = 'stopped'
                AND NOT EXISTS (
                    SELECT FROM ops.batch AS sau
                    WHERE
                        sau.dataset = b.dataset
                        AND sau.batch_id > b.batch_id
                        AND sau.status = 'loaded'
                        AND CASE
                            WHEN b.window_to IS NULL THEN sau.original_name = b.original_name
                            ELSE
                                sau.window_to >= b.window_to
                                AND coalesce(sau.window_from, '-infinity') <= coalesce(b.window_from, '-infinity')
                        END
                )
            )
    GROUP BY t.ky
    UNION ALL
    SELECT
        t.ky,
        7 AS thu_tu,
        'khai_bao' AS ma,
        'Mọi đơn vị đã khai báo đủ' AS ten,
        'can_ly_do' AS muc,
        count(k.ma_don_vi) AS thieu,
        string_agg(k.ten_don_vi, '; ' ORDER BY k.ten_don_vi) AS chi_tiet,
        'Nhắc đơn vị gửi phiếu (make form)' AS viec_can_lam
    FROM thang AS t
    LEFT JOIN core.nop_khai_bao AS k ON t.ky = k.ky AND k.da_co < k.phai_co
    GROUP BY t.ky
    UNION ALL
    SELECT
        t.ky,
        8 AS thu_tu,
        'doi_chieu' AS ma,
        'Đã đối chiếu với nguồn và khớp' AS ten,
        'can_ly_do' AS muc,
        count(d.dataset) FILTER (WHERE r.state IS NULL OR r.state IN ('differs', 'unknown')) AS thieu,
        string_agg(
            d.ten || CASE
                WHEN r.state IS NULL THEN ': chưa đối chiếu'
                WHEN r.state = 'unknown' THEN ': nguồn không nêu tổng số'
                ELSE ': nguồn ' || r.source_total || ', kho ' || r.core_total
            END,
            '; ' ORDER BY d.thu_tu
        ) FILTER (WHERE r.state IS NULL OR r.state IN ('differs', 'unknown')) AS chi_tiet,
        'Chạy DAG reconcile_nguon (python -m cchc reconcile); lệch: docs/runbook.md' AS viec_can_lam
    FROM thang AS t
    LEFT JOIN core.bo_du_lieu_keo AS d ON d.doi_chieu
    LEFT JOIN
        LATERAL (
            -- A month that a source states nothing of has no row of its own: it was compared with the others.
            SELECT
                coalesce(x.state, 'equal') AS state,
                x.source_total,
                x.core_total
            FROM (
                SELECT max(lan.as_of) AS as_of
                FROM ops.reconciliation AS lan
                WHERE lan.dataset = d.dataset AND lan.as_of >= t.den_ngay + 1
            ) AS moi
            LEFT JOIN ops.reconciliation AS x ON d.dataset = x.dataset AND moi.as_of = x.as_of AND t.ky = x.month
            WHERE moi.as_of IS NOT NULL
        ) AS r
        ON TRUE
    GROUP BY t.ky
    UNION ALL
    SELECT
        t.ky,
        9 AS thu_tu,
        'loi' AS ma,
        'Dòng bị loại chưa sửa không quá mức cho phép' AS ten,
        'can_ly_do' AS muc,
        greatest(l.so - q.gia_tri, 0) AS thieu,
        l.so || ' dòng của mọi tháng, cho phép ' || q.gia_tri AS chi_tiet,
        'Sửa ở nguồn: mart.dong_loi, trang đơn vị; mức cho phép: sql/reference/quy_tac_chot.csv' AS viec_can_lam
    FROM thang AS t
    -- A line whose dates cannot be read is of no month.
    CROSS JOIN
        (
            SELECT count(*) AS so FROM ops.line_finding AS d
            WHERE d.bi_loai AND d.con_loi <> '{}'
        ) AS l
    INNER JOIN core.quy_tac_chot AS q ON q.ma = 'loi_toi_da'
    UNION ALL
    SELECT
        t.ky,
        10 AS thu_tu,
        'xac_nhan' AS ma,
        'Mọi đơn vị đã xác nhận con số của mình' AS ten,
        'can_ly_do' AS muc,
        count(x.ma_don_vi) AS thieu,
        string_agg(
            x.ten_don_vi || CASE x.trang_thai
                WHEN 'tu_choi' THEN ' (không xác nhận)'
                WHEN 'da_doi' THEN ' (con số đã khác)'
                ELSE ''
            END,
            '; ' ORDER BY x.ten_don_vi
        ) AS chi_tiet,
        'Nhắc đơn vị trả lời (DAG confirm_chi_so), hoặc chốt với lý do' AS viec_can_lam
    FROM thang AS t
    LEFT JOIN mart.xac_nhan AS x ON t.ky = x.ky AND x.trang_thai <> 'da_xac_nhan'
    GROUP BY t.ky
    UNION ALL
    SELECT
        t.ky,
        11 AS thu_tu,
        'bat_thuong' AS ma,
        'Không con số nào khác hẳn các kỳ trước' AS ten,
        'luu_y' AS muc,
        count(b.ma_chi_so) AS thieu,
        NULL AS chi_tiet,
        'Xem make plausible, trang Công bố; ghi chú lý do' AS viec_can_lam
    FROM thang AS t
    LEFT JOIN mart.bat_thuong AS b ON b.ky_loai = 'thang' AND t.ky = b.ky
    GROUP BY t.ky
)

SELECT
    dem.ky,
    dem.thu_tu,
    dem.ma,
    dem.ten,
    dem.muc,
    dem.thieu = 0 AS dat,
    dem.thieu,
    dem.chi_tiet,
    dem.viec_can_lam
FROM dem;
COMMENT ON VIEW mart.dieu_kien_chot IS
'Một dòng = một điều phải xem trước khi chốt một tháng: đạt hay chưa, còn thiếu gì, làm gì. Đọc theo ky.';
COMMENT ON COLUMN mart.dieu_kien_chot.ky IS 'Tháng, 2025-03.';
COMMENT ON COLUMN mart.dieu_kien_chot.thu_tu IS 'Thứ tự hiển thị.';
COMMENT ON COLUMN mart.dieu_kien_chot.ma IS 'Mã của điều kiện.';
COMMENT ON COLUMN mart.dieu_kien_chot.ten IS 'Điều kiện bằng chữ.';
COMMENT ON COLUMN mart.dieu_kien_chot.muc IS
'bat_buoc: không đạt thì không chốt được; can_ly_do: chốt được khi nêu lý do; luu_y: chỉ báo.';
COMMENT ON COLUMN mart.dieu_kien_chot.dat IS 'Đạt hay chưa.';
COMMENT ON COLUMN mart.dieu_kien_chot.thieu IS 'Còn thiếu bao nhiêu: tháng, ngày, lô, đơn vị, dòng, con số.';
COMMENT ON COLUMN mart.dieu_kien_chot.chi_tiet IS 'Thiếu những gì.';
COMMENT ON COLUMN mart.dieu_kien_chot.viec_can_lam IS 'Việc cần làm.';
GRANT SELECT ON mart.dieu_kien_chot TO cchc_bi, cchc_steward, cchc_don_vi;
