-- Writes what entry :so publishes of the periods :cac_ky_loai, :cac_ky: their figures and reports as they stand in
-- mart, whose rows are behind them, who answers for what on their last days, and the batches that are new since the
-- last entry. The rows of the month themselves and the definitions are written before.

-- Counts and hashes of the rows of each unit that has a row of this entry, measure by measure.
INSERT INTO core.dem_cong_bo (ky, nua, ma_don_vi, phep_do, so_cai, so, ma_bam)
WITH hien_hanh AS (
    SELECT *
    FROM (
        SELECT DISTINCT ON (c.fact, c.dong) c.*
        FROM core.dong_cong_bo AS c
        WHERE c.ky = :ky
        ORDER BY c.fact ASC, c.dong ASC, c.so_cai DESC
    ) AS moi_nhat
    WHERE con
),

d AS (
    SELECT
        1 AS nua,
        h.ma_don_vi,
        p.phep_do,
        h.dong,
        coalesce(h.so_1[p.thu_tu], 1) AS so
    FROM hien_hanh AS h
    CROSS JOIN LATERAL unnest(h.nua_1) WITH ORDINALITY AS p (phep_do, thu_tu)
    UNION ALL
    SELECT
        2 AS nua,
        h.ma_don_vi,
        p.phep_do,
        h.dong,
        coalesce(h.so_2[p.thu_tu], 1) AS so
    FROM hien_hanh AS h
    CROSS JOIN LATERAL unnest(h.nua_2) WITH ORDINALITY AS p (phep_do, thu_tu)
),

moi AS (
    SELECT
        d.nua,
        d.ma_don_vi,
        d.phep_do,
        sum(d.so)::bigint AS so,
        encode(
            sha256(convert_to(string_agg(d.dong || chr(31) || d.so, chr(10) ORDER BY d.dong), 'UTF8')), 'hex'
        ) AS ma_bam
    FROM d
    GROUP BY d.nua, d.ma_don_vi, d.phep_do
),

cu AS (
    SELECT DISTINCT ON (c.nua, c.ma_don_vi, c.phep_do) c.*
    FROM core.dem_cong_bo AS c
    WHERE c.ky = :ky
    ORDER BY c.nua ASC, c.ma_don_vi ASC, c.phep_do ASC, c.so_cai DESC
)

SELECT
    :ky AS ky,
    coalesce(moi.nua, cu.nua) AS nua,
    coalesce(moi.ma_don_vi, cu.ma_don_vi) AS ma_don_vi,
    coalesce(moi.phep_do, cu.phep_do) AS phep_do,
    :so AS so_cai,
    coalesce(moi.so, 0) AS so,
    coalesce(moi.ma_bam, '') AS ma_bam
FROM moi
FULL OUTER JOIN cu
    ON moi.nua = cu.nua AND moi.ma_don_vi = cu.ma_don_vi AND moi.phep_do = cu.phep_do
WHERE (coalesce(moi.so, 0), coalesce(moi.ma_bam, '')) IS DISTINCT FROM (cu.so, cu.ma_bam);

INSERT INTO core.don_vi_cong_bo (so_cai, ngay, ma_goc, ma_don_vi, ten_don_vi, cap, con_hieu_luc)
SELECT
    :so AS so_cai,
    ngay.ngay,
    dv.ma_goc,
    dv.ma_don_vi,
    dv.ten_don_vi,
    dv.cap,
    dv.con_hieu_luc AND dv.theo_doi AS con_hieu_luc
FROM (
    SELECT DISTINCT ky.den_ngay AS ngay
    FROM mart.ky
    INNER JOIN unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
        ON ky.ky_loai = chon.ky_loai AND ky.ky = chon.ky
) AS ngay
CROSS JOIN LATERAL core.don_vi_tai_ngay(ngay.ngay) AS dv;

INSERT INTO mart.con_so_cong_bo
SELECT
    c.*,
    :so AS so_cai,
    dong.ma_bam AS ma_bam_dong
FROM mart.chi_so AS c
INNER JOIN unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
    ON c.ky_loai = chon.ky_loai AND c.ky = chon.ky
LEFT JOIN (
    SELECT
        ky.ky_loai,
        ky.ky,
        dn.ma_chi_so,
        nhom.ma_don_vi,
        encode(
            sha256(
                convert_to(
                    string_agg(
                        concat_ws(chr(31), d.ky, d.nua, d.ma_don_vi, d.phep_do, d.ma_bam),
                        chr(10)
                        ORDER BY d.ky, d.nua, d.ma_don_vi, d.phep_do
                    ),
                    'UTF8'
                )
            ),
            'hex'
        ) AS ma_bam
    FROM mart.ky
    INNER JOIN unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
        ON ky.ky_loai = chon.ky_loai AND ky.ky = chon.ky
    INNER JOIN (
        SELECT DISTINCT ON (c.ky, c.nua, c.ma_don_vi, c.phep_do)
            c.*,
            (c.ky || CASE c.nua WHEN 1 THEN '-01' ELSE '-15' END)::date AS tu_ngay
        FROM core.dem_cong_bo AS c
        ORDER BY c.ky ASC, c.nua ASC, c.ma_don_vi ASC, c.phep_do ASC, c.so_cai DESC
    ) AS d
        ON d.tu_ngay BETWEEN ky.tu_ngay AND ky.den_ngay AND d.so <> 0
    INNER JOIN core.phep_do AS p ON d.phep_do = p.phep_do
    INNER JOIN core.don_vi_cong_bo AS dv
        ON dv.so_cai = :so AND ky.den_ngay = dv.ngay AND d.ma_don_vi = dv.ma_goc
    INNER JOIN (
        SELECT DISTINCT
            n.ma_chi_so,
            x.phep_do::smallint AS phep_do
        FROM ops.dinh_nghia_cong_bo AS n
        CROSS JOIN LATERAL jsonb_each(n.noi_dung -> 'phep_do') AS ben (ten, cac_phep_do)
        CROSS JOIN LATERAL jsonb_array_elements_text(ben.cac_phep_do) AS x (phep_do)
        WHERE n.so_cai = :so
    ) AS dn
        ON d.phep_do = dn.phep_do
    CROSS JOIN
        LATERAL (
            VALUES
            (dv.ma_don_vi), (core.ma_tong(dv.cap)), (core.ma_tong('toan_tinh'))
        ) AS nhom (ma_don_vi)
    WHERE
        p.cong_don = 'dong'
        OR (p.cong_don = 'dau_ky' AND d.tu_ngay = ky.tu_ngay)
        OR (
            p.cong_don = 'cuoi_ky'
            AND d.tu_ngay = (
                SELECT max(doan.tu_ngay)
                FROM core.doan
                WHERE doan.tu_ngay BETWEEN ky.tu_ngay AND ky.den_ngay
            )
        )
    GROUP BY ky.ky_loai, ky.ky, dn.ma_chi_so, nhom.ma_don_vi
) AS dong
    ON
        c.ky_loai = dong.ky_loai
        AND c.ky = dong.ky
        AND c.ma_chi_so = dong.ma_chi_so
        AND c.ma_don_vi = dong.ma_don_vi;

INSERT INTO mart.bieu_06a_cong_bo
SELECT
    b.*,
    :so AS so_cai
FROM mart.bieu_06a AS b
INNER JOIN unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
    ON b.ky_loai = chon.ky_loai AND b.ky = chon.ky;

INSERT INTO ops.lo_cong_bo (so_cai, batch_id, dataset, sha256, lines_read, lines_accepted, lines_rejected, loaded_at)
SELECT
    :so AS so_cai,
    b.batch_id,
    b.dataset,
    b.sha256,
    b.lines_read,
    b.lines_accepted,
    b.lines_rejected,
    b.loaded_at
FROM ops.batch AS b
WHERE
    b.status = 'loaded'
    AND NOT EXISTS (
        SELECT FROM ops.lo_cong_bo AS l
        WHERE l.batch_id = b.batch_id
    );
