-- Writes what entry :so publishes of the periods :cac_ky_loai, :cac_ky: their figures and reports as they stand in
-- mart, whose rows are behind them, who answers for what on their last days, and the batches that are new since the
-- last entry. The month's rows and the definitions are written before.

-- Counts and hashes of the rows of each unit that has a row of this entry, measure by measure.
INSERT INTO core.dem_cong_bo (ky, nua, ma_don_vi, phep_do, so_cai, so, ma_bam)
WITH moi AS (
    SELECT d.*
    FROM core.dem_dong_den(:so) AS d
    WHERE d.ky = :ky
),

cu AS (
    SELECT c.*
    FROM core.dem_den(:so) AS c
    WHERE c.ky = :ky
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

-- The figures' hashes are put together from these.
SELECT ops.analyze(CAST('{core.dem_cong_bo,core.don_vi_cong_bo}' AS regclass[]));

INSERT INTO mart.con_so_cong_bo
SELECT
    c.*,
    :so AS so_cai,
    dong.ma_bam AS ma_bam_dong
FROM mart.chi_so AS c
INNER JOIN unnest(CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS chon (ky_loai, ky)
    ON c.ky_loai = chon.ky_loai AND c.ky = chon.ky
LEFT JOIN core.ma_bam_con_so_den(:so, CAST(:cac_ky_loai AS text[]), CAST(:cac_ky AS text[])) AS dong
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
