CREATE VIEW mart.bat_thuong WITH (security_invoker = on) AS
-- A figure, and its own past, newest first; counted by the same version of its definition. All columns of the figure
-- are here, so that whoever asks for a level waits for that level only.
WITH day_so AS NOT MATERIALIZED (
    SELECT
        f.ky_loai,
        f.ky,
        f.tu_ngay,
        f.den_ngay,
        f.ma_chi_so,
        f.phien_ban,
        f.ma_don_vi,
        f.ten_don_vi,
        f.cap,
        f.tu_so,
        f.mau_so,
        f.gia_tri,
        array_agg(c.tu_so::float8 ORDER BY c.tu_ngay DESC) AS cac_tu_so,
        array_agg(c.mau_so::float8 ORDER BY c.tu_ngay DESC) AS cac_mau_so,
        array_agg(c.gia_tri::float8 ORDER BY c.tu_ngay DESC) AS cac_gia_tri
    FROM mart.ky AS k
    -- As an array the planner takes them for ten, as rows for one: then each figure of each of them is looked up by
    -- itself.
    CROSS JOIN
        LATERAL (
            SELECT
                ARRAY(
                    SELECT s.ky_xet FROM core.ky_so_sanh AS s
                    WHERE s.ky_loai = k.ky_loai AND s.ky = k.ky AND s.ky_xet <> k.ky
                ) AS cac_ky
        ) AS truoc
    INNER JOIN mart.chi_so AS f ON k.ky_loai = f.ky_loai AND k.ky = f.ky
    INNER JOIN mart.chi_so AS c
        ON
            k.ky_loai = c.ky_loai
            AND c.ky = ANY(truoc.cac_ky)
            AND f.ma_chi_so = c.ma_chi_so
            AND f.ma_don_vi = c.ma_don_vi
            AND f.phien_ban = c.phien_ban
    GROUP BY
        f.ky_loai, f.ky, f.tu_ngay, f.den_ngay, f.ma_chi_so, f.phien_ban, f.ma_don_vi, f.ten_don_vi, f.cap, f.tu_so,
        f.mau_so, f.gia_tri
),

-- Each number of a figure that is looked at by itself. Where a denominator is 0 there is no rate to look at.
mot_so AS NOT MATERIALIZED (
    SELECT
        d.*,
        dn.loai,
        dn.ten AS ten_chi_so,
        dn.thu_tu,
        s.phan,
        s.so,
        s.cac_so,
        s.so IS NULL OR s.so = 0 AS la_khong
    FROM day_so AS d
    INNER JOIN mart.dinh_nghia AS dn ON d.ma_chi_so = dn.ma_chi_so AND d.phien_ban = dn.phien_ban
    CROSS JOIN
        LATERAL (
            VALUES
            ('tu_so', d.tu_so::numeric, d.cac_tu_so, dn.loai = 'dem'),
            ('mau_so', d.mau_so::numeric, d.cac_mau_so, dn.loai = 'ty_le'),
            (
                'gia_tri',
                d.gia_tri,
                CASE dn.loai WHEN 'ty_le' THEN array_remove(d.cac_gia_tri, NULL) ELSE d.cac_gia_tri END,
                dn.loai = 'diem' OR (dn.loai = 'ty_le' AND d.gia_tri IS NOT NULL)
            )
        ) AS s (phan, so, cac_so, xet)
    WHERE s.xet AND dn.bien_the_cua IS NULL
),

-- Zeros that stand together are one event: what is compared with is what was before the first of them.
truoc_do AS NOT MATERIALIZED (
    SELECT
        m.*,
        k.so_khong_lien_tiep,
        CASE k.so_khong_lien_tiep WHEN 0 THEN m.cac_so ELSE m.cac_so[k.so_khong_lien_tiep:] END AS so_sanh
    FROM mot_so AS m
    CROSS JOIN
        LATERAL (
            SELECT
                CASE
                    WHEN NOT m.la_khong THEN 0
                    ELSE
                        (
                            SELECT coalesce(min(u.thu), cardinality(m.cac_so) + 1)
                            FROM unnest(m.cac_so) WITH ORDINALITY AS u (so, thu)
                            WHERE u.so <> 0
                        )::int
                END AS so_khong_lien_tiep
        ) AS k
),

thong_ke AS NOT MATERIALIZED (
    SELECT
        t.*,
        g.so_ky,
        g.so_dong,
        g.so_khong,
        g.trung_vi,
        g.thap_nhat,
        g.cao_nhat,
        l.mad,
        l.lech_trung_binh,
        n.mau_so_it_nhat,
        (t.so::float8 - g.trung_vi) / nullif(
            CASE l.mad WHEN 0 THEN n.he_so_lech * l.lech_trung_binh ELSE l.mad / n.he_so_mad END, 0
        ) AS z,
        t.la_khong AND g.so_khong <= n.khong_toi_da * g.so_dong AS khong_la,
        -- Where most of the periods before are alike: more than what one dossier makes.
        l.mad > 0 OR t.loai = 'diem'
        OR abs(t.so::float8 - g.trung_vi) * CASE t.phan WHEN 'gia_tri' THEN t.mau_so / 100.0 ELSE 1 END
        > n.hon_mot_ho_so AS du_khac,
        n.z_toi_da
    FROM truoc_do AS t
    CROSS JOIN mart.nguong_bat_thuong AS n
    CROSS JOIN
        LATERAL (
            SELECT
                count(u.so)::int AS so_ky,
                count(*) AS so_dong,
                count(*) FILTER (WHERE u.so IS NULL OR u.so = 0) AS so_khong,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY u.so) AS trung_vi,
                min(u.so) AS thap_nhat,
                max(u.so) AS cao_nhat
            FROM unnest(t.so_sanh) AS u (so)
        ) AS g
    CROSS JOIN
        LATERAL (
            SELECT
                percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(u.so - g.trung_vi)) AS mad,
                avg(abs(u.so - g.trung_vi)) AS lech_trung_binh
            FROM unnest(t.so_sanh) AS u (so)
        ) AS l
    WHERE
        -- What cannot stand out is left before its median or spread is worked out, which costs most here: of too few
        -- periods, always the same,
        cardinality(t.so_sanh) >= n.so_ky_it_nhat
        AND (t.so::float8 = ALL(t.so_sanh)) IS NOT TRUE
        AND g.so_ky >= n.so_ky_it_nhat
        -- or in the middle of what it was.
        AND (
            t.so::float8 <> g.trung_vi
            OR (t.la_khong AND g.so_khong <= n.khong_toi_da * g.so_dong)
        )
),

noi_bat AS NOT MATERIALIZED (
    SELECT
        t.*,
        CASE
            WHEN NOT t.khong_la THEN 'z'
            WHEN t.so_khong_lien_tiep = 1 THEN 'khong'
            ELSE 'khong_lien_tiep'
        END AS phat_hien,
        t.phan <> 'tu_so' AND coalesce(t.mau_so BETWEEN 1 AND t.mau_so_it_nhat - 1, FALSE) AS mau_so_nho,
        -- What the number is so often besides: of a rate its denominator, of a denominator its rate.
        (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY u.so) FROM unnest(t.cac_mau_so) AS u (so)
        ) AS mau_so_thuong,
        (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY u.so) FROM unnest(t.cac_gia_tri) AS u (so)
        ) AS gia_tri_thuong,
        CASE t.phan WHEN 'gia_tri' THEN 2 ELSE 0 END AS so_le,
        CASE WHEN t.phan = 'gia_tri' THEN 2 WHEN t.trung_vi = trunc(t.trung_vi) THEN 0 ELSE 1 END AS so_le_trung_vi,
        CASE WHEN t.phan <> 'gia_tri' THEN '' WHEN t.loai = 'ty_le' THEN ' %' ELSE ' điểm' END AS don_vi_tinh,
        CASE t.ky_loai WHEN 'thang' THEN 'tháng' WHEN 'quy' THEN 'quý' WHEN 'nam' THEN 'năm' ELSE 'kỳ' END AS tung_ky
    FROM thong_ke AS t
    WHERE t.khong_la OR (t.du_khac AND coalesce(abs(t.z) > t.z_toi_da, t.so::float8 <> t.trung_vi))
)

SELECT
    b.ky_loai,
    b.ky,
    b.tu_ngay,
    b.den_ngay,
    b.ma_chi_so,
    b.ten_chi_so,
    b.thu_tu,
    b.ma_don_vi,
    b.ten_don_vi,
    b.cap,
    b.phan,
    b.phat_hien,
    b.so AS con_so,
    round(b.trung_vi::numeric, 4) AS trung_vi,
    round(b.thap_nhat::numeric, 2) AS thap_nhat,
    round(b.cao_nhat::numeric, 2) AS cao_nhat,
    round(b.mad::numeric, 4) AS mad,
    round(b.z::numeric, 2) AS z,
    b.so_ky,
    round(100.0 * b.so_khong / b.so_dong, 2) AS ty_le_khong,
    b.so_khong_lien_tiep,
    b.mau_so,
    round(b.mau_so_thuong::numeric, 1) AS mau_so_thuong,
    b.mau_so_nho,
    core.ten_ky(b.ky_loai, b.ky) || ': ' || CASE b.phan WHEN 'mau_so' THEN 'mẫu số ' ELSE '' END
    || coalesce(core.so_viet(b.so, b.so_le) || b.don_vi_tinh, 'không có giá trị')
    || CASE b.phat_hien
        WHEN 'khong_lien_tiep'
            THEN format(', %s thứ %s liên tiếp bằng 0 hoặc trống', b.tung_ky, b.so_khong_lien_tiep)
        ELSE ''
    END
    || CASE
        WHEN b.phat_hien = 'z' THEN ''
        ELSE format(
            '; trong %s %s trước đó %s bằng 0 hoặc trống',
            b.so_dong,
            b.tung_ky,
            CASE b.so_khong WHEN 0 THEN 'không ' ELSE format('chỉ %s ', b.so_khong) END || b.tung_ky
            || CASE b.so_khong WHEN 0 THEN ' nào' ELSE '' END
        )
    END
    || CASE
        WHEN b.thap_nhat = b.cao_nhat
            THEN format(
                '; cả %s %s đều %s',
                b.so_ky, b.tung_ky || CASE WHEN b.phat_hien = 'z' THEN ' trước' ELSE ' ấy' END,
                core.so_viet(b.thap_nhat::numeric, b.so_le) || b.don_vi_tinh
            )
        ELSE
            format(
                '; trung vị %s %s %s (thấp nhất %s, cao nhất %s)',
                b.so_ky,
                b.tung_ky || CASE WHEN b.phat_hien = 'z' THEN ' trước' ELSE ' ấy' END,
                core.so_viet(b.trung_vi::numeric, b.so_le_trung_vi) || b.don_vi_tinh,
                core.so_viet(b.thap_nhat::numeric, b.so_le),
                core.so_viet(b.cao_nhat::numeric, b.so_le)
            )
    END
    || coalesce(', lệch ' || core.so_viet(abs(b.z)::numeric, 1) || ' lần độ lệch thường thấy', '')
    || CASE
        WHEN b.phan = 'gia_tri' AND b.loai = 'ty_le'
            THEN format(
                '; mẫu số %s so với thường %s', core.so_viet(b.mau_so), core.so_viet(round(b.mau_so_thuong::numeric))
            )
        WHEN b.phan = 'mau_so' AND b.gia_tri IS NOT NULL
            THEN format(
                '; tỷ lệ %s so với thường %s', core.so_viet(b.gia_tri, 2) || ' %',
                coalesce(core.so_viet(b.gia_tri_thuong::numeric, 2) || ' %', 'không có')
            )
        ELSE ''
    END
    || CASE
        WHEN b.mau_so_nho
            THEN format('; mẫu số dưới %s, quá ít để tỷ lệ nói lên điều gì', b.mau_so_it_nhat)
        ELSE ''
    END AS bang_chung
FROM noi_bat AS b;
COMMENT ON VIEW mart.bat_thuong IS
'Một dòng = một số (phan) của một con số trong mart.chi_so khác thường so với chính nó trong 12 kỳ trước cùng loại,
cùng độ dài, cùng phiên bản định nghĩa; dưới 6 kỳ thì không kết luận. Khác thường không phải là sai: là chỗ cần hỏi.';
COMMENT ON COLUMN mart.bat_thuong.ky_loai IS 'Loại kỳ, xem mart.ky.';
COMMENT ON COLUMN mart.bat_thuong.ky IS 'Kỳ, xem mart.ky.';
COMMENT ON COLUMN mart.bat_thuong.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.bat_thuong.den_ngay IS 'Ngày cuối kỳ.';
COMMENT ON COLUMN mart.bat_thuong.ma_chi_so IS 'Mã chỉ số, xem mart.dinh_nghia.';
COMMENT ON COLUMN mart.bat_thuong.ten_chi_so IS 'Tên chỉ số.';
COMMENT ON COLUMN mart.bat_thuong.thu_tu IS 'Thứ tự hiển thị của chỉ số.';
COMMENT ON COLUMN mart.bat_thuong.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>.';
COMMENT ON COLUMN mart.bat_thuong.ten_don_vi IS 'Tên đơn vị vào ngày cuối kỳ.';
COMMENT ON COLUMN mart.bat_thuong.cap IS 'Cấp: toan_tinh, so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.bat_thuong.phan IS
'Số được xét: tu_so với số đếm; gia_tri với tỷ lệ và điểm; mau_so với mẫu số của tỷ lệ, xét riêng.';
COMMENT ON COLUMN mart.bat_thuong.phat_hien IS
'z: lệch xa trung vị (|z| > 3,5); khong: bằng 0 hoặc trống, trước đó hiếm khi; khong_lien_tiep: nhiều kỳ liền như vậy.';
COMMENT ON COLUMN mart.bat_thuong.con_so IS 'Số được xét; NULL khi trống.';
COMMENT ON COLUMN mart.bat_thuong.trung_vi IS
'Trung vị của các kỳ so sánh; khi số bằng 0 hoặc trống: các kỳ trước lần đầu của chuỗi số 0 này.';
COMMENT ON COLUMN mart.bat_thuong.thap_nhat IS 'Số thấp nhất của các kỳ so sánh.';
COMMENT ON COLUMN mart.bat_thuong.cao_nhat IS 'Số cao nhất của các kỳ so sánh.';
COMMENT ON COLUMN mart.bat_thuong.mad IS 'Trung vị của độ lệch tuyệt đối so với trung vị (MAD).';
COMMENT ON COLUMN mart.bat_thuong.z IS
'z cải biên: 0,6745 × (con_so − trung_vi) / MAD; MAD = 0 thì chia cho 1,253314 × độ lệch tuyệt đối trung bình.
NULL khi mọi kỳ so sánh bằng nhau, hoặc con_so trống.';
COMMENT ON COLUMN mart.bat_thuong.so_ky IS 'Số kỳ so sánh có giá trị, 6 đến 12.';
COMMENT ON COLUMN mart.bat_thuong.ty_le_khong IS 'Phần trăm kỳ so sánh bằng 0 hoặc trống.';
COMMENT ON COLUMN mart.bat_thuong.so_khong_lien_tiep IS
'Số kỳ liền nhau bằng 0 hoặc trống tính đến kỳ này; 0 khi số khác 0.';
COMMENT ON COLUMN mart.bat_thuong.mau_so IS 'Mẫu số của kỳ; NULL với số đếm.';
COMMENT ON COLUMN mart.bat_thuong.mau_so_thuong IS 'Trung vị của mẫu số trong 12 kỳ trước; NULL với số đếm.';
COMMENT ON COLUMN mart.bat_thuong.mau_so_nho IS
'TRUE: mẫu số dưới 30, quá ít để một tỷ lệ nói lên điều gì.';
COMMENT ON COLUMN mart.bat_thuong.bang_chung IS 'Căn cứ bằng một câu, số viết theo lối Việt Nam.';
GRANT SELECT ON mart.bat_thuong TO cchc_bi, cchc_steward, cchc_don_vi;
