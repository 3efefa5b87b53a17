-- Brings core.dong_cho of the closed month :ky in line: one row is a row of a fact that is not what it was when the
-- month was closed, and why. TEMP TABLE dong_moi holds the rows as they are now. Safe to repeat.
DROP TABLE IF EXISTS cho_cu;

-- Whatever is published meanwhile of other months, what came late has come late.
CREATE TEMP TABLE cho_cu ON COMMIT DROP AS
SELECT
    c.fact,
    c.dong
FROM core.dong_cho AS c
WHERE c.ky = :ky AND c.con AND c.nguyen_nhan = 'den_muon';

DELETE FROM core.dong_cho
WHERE ky = :ky;

-- What was known when the newest revision of the month was written.
DROP TABLE IF EXISTS luc_chot;

CREATE TEMP TABLE luc_chot ON COMMIT DROP AS
SELECT
    s.so,
    s.noi_dung -> 'phep_do' AS phep_do,
    s.noi_dung -> 'fact' AS fact
FROM ops.so_cai AS s
WHERE s.ky = :ky AND s.loai IN ('chot', 'dinh_chinh', 'tam_cong_bo')
ORDER BY s.so DESC
LIMIT 1;

INSERT INTO core.dong_cho (
    ky, fact, dong, con, nguyen_nhan, ma_don_vi, ma_tthc, ma_linh_vuc, nua_1, nua_2, so_1, so_2,
    noi_dung, danh_muc, ngay_cap_nhat, batch_id, line_no
)
SELECT
    :ky AS ky,
    d.fact,
    d.dong,
    d.con,
    CASE
        WHEN d.fact = 'tthc_don_vi' AND NOT d.doi_phep_do THEN 'danh_muc_lich'
        WHEN NOT d.co_cu AND doi_khoa.dong IS NOT NULL THEN 'doi_don_vi'
        WHEN NOT d.con AND doi_khoa.dong IS NOT NULL THEN 'doi_don_vi'
        WHEN d.doi_phep_do THEN 'dinh_nghia'
        WHEN NOT d.co_cu AND cho_cu.dong IS NOT NULL THEN 'den_muon'
        WHEN NOT d.co_cu AND khac.co THEN 'sua_o_nguon'
        WHEN NOT d.co_cu AND loai.co THEN 'tha_khoi_loai'
        WHEN NOT d.co_cu THEN 'den_muon'
        WHEN NOT d.con AND d.con_o_nguon THEN 'sua_o_nguon'
        WHEN NOT d.con THEN 'rut_xoa'
        WHEN d.doi_noi_dung THEN 'sua_o_nguon'
        WHEN d.doi_don_vi THEN 'doi_don_vi'
        WHEN d.doi_danh_muc THEN 'danh_muc_lich'
        WHEN d.fact_doi THEN 'dinh_nghia'
        WHEN d.biet_xa_hon THEN 'den_muon'
        ELSE 'danh_muc_lich'
    END AS nguyen_nhan,
    d.ma_don_vi,
    d.ma_tthc,
    d.ma_linh_vuc,
    d.nua_1,
    d.nua_2,
    d.so_1,
    d.so_2,
    d.noi_dung,
    d.danh_muc,
    d.ngay_cap_nhat,
    d.batch_id,
    d.line_no
FROM (
    SELECT
        coalesce(moi.fact, cu.fact) AS fact,
        coalesce(moi.dong, cu.dong) AS dong,
        moi.dong IS NOT NULL AS con,
        cu.dong IS NOT NULL AS co_cu,
        CASE WHEN moi.dong IS NULL THEN cu.ma_don_vi ELSE moi.ma_don_vi END AS ma_don_vi,
        CASE WHEN moi.dong IS NULL THEN cu.ma_tthc ELSE moi.ma_tthc END AS ma_tthc,
        CASE WHEN moi.dong IS NULL THEN cu.ma_linh_vuc ELSE moi.ma_linh_vuc END AS ma_linh_vuc,
        coalesce(moi.nua_1, '{}') AS nua_1,
        coalesce(moi.nua_2, '{}') AS nua_2,
        moi.so_1,
        moi.so_2,
        coalesce(moi.noi_dung, cu.noi_dung) AS noi_dung,
        coalesce(moi.danh_muc, cu.danh_muc) AS danh_muc,
        CASE WHEN moi.dong IS NULL THEN cu.ngay_cap_nhat ELSE moi.ngay_cap_nhat END AS ngay_cap_nhat,
        CASE WHEN moi.dong IS NULL THEN cu.batch_id ELSE moi.batch_id END AS batch_id,
        CASE WHEN moi.dong IS NULL THEN cu.line_no ELSE moi.line_no END AS line_no,
        (
            moi.noi_dung IS DISTINCT FROM cu.noi_dung
            OR moi.ma_tthc IS DISTINCT FROM cu.ma_tthc
            OR moi.ma_linh_vuc IS DISTINCT FROM cu.ma_linh_vuc
            OR (moi.ma_don_vi <> cu.ma_don_vi AND moi.ngay_cap_nhat IS DISTINCT FROM cu.ngay_cap_nhat)
        ) AS doi_noi_dung,
        moi.ma_don_vi <> cu.ma_don_vi AS doi_don_vi,
        moi.danh_muc <> cu.danh_muc AS doi_danh_muc,
        -- All that differs is what was not measured then, or is not measured any more.
        (
            chung.cu IS NOT DISTINCT FROM chung.moi
            AND (
                moi.dong IS NULL
                OR cu.dong IS NULL
                OR (
                    moi.noi_dung IS NOT DISTINCT FROM cu.noi_dung
                    AND moi.so_1 IS NOT DISTINCT FROM cu.so_1
                    AND moi.so_2 IS NOT DISTINCT FROM cu.so_2
                    AND moi.ma_don_vi = cu.ma_don_vi
                    AND moi.ma_tthc = cu.ma_tthc
                    AND moi.ma_linh_vuc = cu.ma_linh_vuc
                )
            )
        ) AS doi_phep_do,
        (lc.fact -> coalesce(moi.fact, cu.fact) ->> 'ma_bam' IS DISTINCT FROM nay.ma_bam) AS fact_doi,
        (lc.fact -> coalesce(moi.fact, cu.fact) ->> 'biet_den' IS DISTINCT FROM nay.biet_den) AS biet_xa_hon,
        CASE cu.fact
            WHEN '' THEN FALSE -- still at the source
        END AS con_o_nguon
    FROM dong_moi AS moi
    FULL OUTER JOIN (
        SELECT c.*
        FROM core.dong_den() AS c
        WHERE c.ky = :ky AND c.con
    ) AS cu
        ON moi.fact = cu.fact AND moi.dong = cu.dong
    CROSS JOIN luc_chot AS lc
    INNER JOIN
        jsonb_to_recordset(CAST(:fact AS jsonb)) AS nay (fact text, ma_bam text, biet_den text)
        ON nay.fact = coalesce(moi.fact, cu.fact)
    CROSS JOIN
        LATERAL (
            SELECT
                array_agg((x.nua, x.phep_do) ORDER BY x.nua, x.phep_do) FILTER (WHERE x.ben = 'cu') AS cu,
                array_agg((x.nua, x.phep_do) ORDER BY x.nua, x.phep_do) FILTER (WHERE x.ben = 'moi') AS moi
            FROM (
                SELECT
                    'cu' AS ben,
                    n.*
                FROM core.phep_do_cua_dong(cu.nua_1, cu.nua_2, NULL, NULL) AS n
                UNION ALL
                SELECT
                    'moi' AS ben,
                    n.*
                FROM core.phep_do_cua_dong(moi.nua_1, moi.nua_2, NULL, NULL) AS n
            ) AS x
            WHERE lc.phep_do @> to_jsonb(x.phep_do) AND x.phep_do = ANY(CAST(:phep_do AS smallint[]))
        ) AS chung
    WHERE
        (cu.ma_don_vi, cu.ma_tthc, cu.ma_linh_vuc, cu.nua_1, cu.nua_2, cu.so_1, cu.so_2)
        IS DISTINCT FROM
        (moi.ma_don_vi, moi.ma_tthc, moi.ma_linh_vuc, moi.nua_1, moi.nua_2, moi.so_1, moi.so_2)
) AS d
LEFT JOIN cho_cu ON d.fact = cho_cu.fact AND d.dong = cho_cu.dong
-- The same line of a file under another key: only its unit is looked up otherwise.
LEFT JOIN
    LATERAL (
        SELECT k.dong
        FROM (
            SELECT c.dong
            FROM core.dong_cong_bo AS c
            WHERE
                NOT d.co_cu AND c.ky = :ky AND c.fact = d.fact AND c.batch_id = d.batch_id AND c.line_no = d.line_no
            UNION ALL
            SELECT m.dong
            FROM dong_moi AS m
            WHERE NOT d.con AND m.fact = d.fact AND m.batch_id = d.batch_id AND m.line_no = d.line_no
        ) AS k
        WHERE d.fact = 'khai_bao' AND k.dong <> d.dong
        ORDER BY k.dong ASC
        LIMIT 1
    ) AS doi_khoa
    ON TRUE
-- Known to another closed month: it has moved.
LEFT JOIN
    LATERAL (
        SELECT TRUE AS co
        WHERE
            NOT d.co_cu
            AND EXISTS (
                SELECT FROM core.dong_cong_bo AS c
                WHERE c.fact = d.fact AND c.dong = d.dong
            )
    ) AS khac
    ON TRUE
-- Its file was loaded then with lines rejected that are loaded now, or a line of it is rejected elsewhere.
LEFT JOIN
    LATERAL (
        SELECT TRUE AS co
        WHERE
            NOT d.co_cu
            AND (
                EXISTS (
                    SELECT FROM ops.batch AS nay
                    INNER JOIN ops.lo_cong_bo AS chot ON nay.batch_id = chot.batch_id
                    WHERE nay.batch_id = d.batch_id AND nay.lines_rejected < chot.lines_rejected
                )
                OR EXISTS (
                    SELECT FROM ops.line_finding AS f
                    INNER JOIN ops.lo_cong_bo AS l ON f.batch_id = l.batch_id
                    WHERE f.bi_loai AND f.khoa = d.dong
                )
                OR EXISTS (
                    SELECT FROM ops.line_finding AS f
                    INNER JOIN ops.lo_cong_bo AS l ON f.batch_id = l.batch_id
                    WHERE f.bi_loai AND f.khoa_an = md5(d.dong)
                )
            )
    ) AS loai
    ON TRUE;
