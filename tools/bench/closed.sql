-- What closing leaves of every month before 2025, for tools.bench.pages: each unit has confirmed it, January was restated.
-- Of the rows behind figures nothing is kept, as no view shows them. Run once, on a warehouse made to be measured.
INSERT INTO ops.so_cai (so, loai, ky, ma_don_vi, luc, nguoi, noi_dung, ma_bam_truoc, ma_bam)
WITH thang AS (
    SELECT
        ky,
        (ky || '-01')::timestamptz + interval '1 month' AS het
    FROM ops.period
    WHERE ky < '2025'
),

viec AS (
    SELECT
        'xac_nhan' AS loai,
        c.ky,
        c.ma_don_vi,
        t.het + interval '3 days' AS luc,
        jsonb_build_object('dong_y', TRUE, 'dau_con_so', core.dau_con_so(c.ky, c.ma_don_vi)) AS noi_dung
    FROM thang AS t
    INNER JOIN mart.chi_so AS c
        ON t.ky = c.ky AND c.ky_loai = 'thang' AND c.ma_chi_so = 'tiep_nhan' AND NOT starts_with(c.ma_don_vi, 'TONG:')
    UNION ALL
    SELECT
        l.loai,
        t.ky,
        NULL AS ma_don_vi,
        t.het + l.sau AS luc,
        jsonb_build_object('ky', jsonb_agg(jsonb_build_object('ky_loai', k.ky_loai, 'ky', k.ky))) AS noi_dung
    FROM thang AS t
    INNER JOIN mart.ky AS k ON date_trunc('month', k.den_ngay) = (t.ky || '-01')::date AND k.ly_do_na IS NULL
    INNER JOIN (VALUES ('chot', interval '7 days'), ('dinh_chinh', interval '60 days')) AS l (loai, sau)
        ON l.loai = 'chot' OR t.ky LIKE '%-01'
    GROUP BY l.loai, t.ky, t.het, l.sau
)

SELECT
    row_number() OVER (ORDER BY luc, loai, ma_don_vi) AS so,
    loai,
    ky,
    ma_don_vi,
    luc,
    'lich' AS nguoi,
    noi_dung,
    repeat('0', 64) AS ma_bam_truoc,
    md5(concat_ws(' ', loai, ky, ma_don_vi)) || md5(ky) AS ma_bam
FROM viec;

ANALYZE ops.so_cai;

CREATE TEMP TABLE ban ON COMMIT DROP AS
SELECT
    ky_loai,
    ky,
    so_cai,
    trang_thai,
    revision,
    thay_boi
FROM mart.ban_cong_bo;

ANALYZE ban;

UPDATE mart.chi_so AS c
SET
    trang_thai = b.trang_thai,
    revision = b.revision
FROM ban AS b
WHERE c.ky_loai = b.ky_loai AND c.ky = b.ky AND b.thay_boi IS NULL;

INSERT INTO mart.con_so_cong_bo
SELECT
    c.ky_loai,
    c.ky,
    c.tu_ngay,
    c.den_ngay,
    c.ma_chi_so,
    c.phien_ban,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.tu_so,
    c.mau_so,
    c.gia_tri,
    c.ly_do_na,
    c.muc_tieu,
    c.dat,
    b.trang_thai,
    b.revision,
    c.as_of,
    b.so_cai,
    md5(c.ma_chi_so) || md5(c.ma_don_vi) AS ma_bam_dong
FROM ban AS b
INNER JOIN mart.chi_so AS c ON b.ky_loai = c.ky_loai AND b.ky = c.ky;

INSERT INTO mart.bieu_06a_cong_bo
SELECT
    c.*,
    b.so_cai
FROM ban AS b
INNER JOIN mart.bieu_06a AS c ON b.ky_loai = c.ky_loai AND b.ky = c.ky;

INSERT INTO mart.phan_thay_doi
SELECT
    ky_loai,
    ky,
    ma_chi_so,
    ma_don_vi,
    revision AS den_revision,
    'den_muon' AS nguyen_nhan,
    0 AS tu_so,
    0 AS mau_so,
    1 AS so_dong
FROM mart.chi_so
WHERE revision > 0;

INSERT INTO ops.lo_cong_bo
SELECT
    s.so AS so_cai,
    b.batch_id,
    b.dataset,
    b.sha256,
    b.lines_read,
    b.lines_accepted,
    b.lines_rejected,
    b.loaded_at
FROM ops.so_cai AS s
INNER JOIN ops.batch AS b ON s.ky = to_char(b.extracted_at - interval '8 days', 'YYYY-MM') AND b.status = 'loaded'
WHERE s.loai = 'chot';
