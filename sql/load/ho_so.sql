-- One row of core.ho_so is one dossier in its newest known state.
-- Safe to repeat, in any order: for each column the value with the newest change time at the source
-- wins, and of two values with the same time the greater one. An export that lacks a column (named in
-- :missing_columns) leaves that column's value and time as they are; such times are kept in cot_cu. So does a line
-- that cannot say who had the dossier on the day of receipt, because it names the unit that took over from several.
SELECT core.ensure_partition('ho_so', thang)
FROM (
    SELECT DISTINCT date_trunc('month', ngay_tiep_nhan)::date AS thang
    FROM raw_rows
    WHERE ngay_tiep_nhan IS NOT NULL
) AS cac_thang;

-- Older states in the same file are not loaded, but may say who had the dossier.
CREATE TEMP TABLE nhan_truoc ON COMMIT DROP AS
SELECT DISTINCT ON (ma_ho_so)
    ma_ho_so,
    don_vi_nhan,
    CASE WHEN don_vi_nhan_chac THEN ngay_cap_nhat ELSE '-infinity' END AS luc
FROM older_rows
WHERE don_vi_nhan IS NOT NULL
ORDER BY
    ma_ho_so ASC,
    luc DESC,
    don_vi_nhan DESC;

ANALYZE nhan_truoc;

CREATE TEMP VIEW moi AS
SELECT
    b.line_no,
    b.ma_ho_so,
    CAST(b.ma_tthc AS text) AS ma_tthc, -- columns like ma_tthc
    CASE
        WHEN nhan.don_vi = b.don_vi_giai_quyet THEN b.don_vi_giai_quyet
        ELSE core.don_vi_goc(nhan.don_vi, b.don_vi_giai_quyet)
    END AS ma_don_vi,
    nhan.don_vi AS don_vi_ngay_nhan,
    nhan.luc AS luc_ngay_nhan,
    b.don_vi_giai_quyet AS don_vi_ngay_xuat,
    coalesce(date_trunc('month', b.ngay_tiep_nhan)::date, 'infinity') AS ky_tiep_nhan,
    coalesce(b.ma_tthc_goc, '') AS ma_tthc_goc
FROM batch_rows AS b
LEFT JOIN nhan_truoc AS truoc ON b.ma_ho_so = truoc.ma_ho_so
CROSS JOIN LATERAL (SELECT CASE WHEN b.don_vi_nhan_chac THEN b.ngay_cap_nhat ELSE '-infinity' END AS luc) AS dong
CROSS JOIN
    LATERAL (
        SELECT
            truoc.ma_ho_so IS NOT NULL
            AND (b.don_vi_nhan IS NULL OR (truoc.luc, truoc.don_vi_nhan) > (dong.luc, b.don_vi_nhan)) AS theo_truoc
    ) AS chon
CROSS JOIN
    LATERAL (
        SELECT
            CASE WHEN chon.theo_truoc THEN truoc.don_vi_nhan ELSE b.don_vi_nhan END AS don_vi,
            CASE WHEN chon.theo_truoc THEN truoc.luc ELSE dong.luc END AS luc
    ) AS nhan;

-- Lines whose dossier is known already, with the months that the old state was counted in.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    raw_rows.line_no,
    raw_rows.ma_ho_so,
    h.ky_tiep_nhan AS ky_cu,
    h.ngay_ket_thuc AS ket_thuc_cu,
    h.don_vi_ngay_nhan AS nhan_cu,
    coalesce((h.cot_cu ->> 'don_vi_ngay_nhan')::timestamp, h.ngay_cap_nhat) AS luc_nhan_cu,
    cardinality(CAST(:missing_columns AS text[])) = 0 AND raw_rows.ngay_cap_nhat > h.ngay_cap_nhat AS thay_het
FROM raw_rows
INNER JOIN core.ho_so AS h ON raw_rows.ma_ho_so = h.ma_ho_so
WHERE
    cardinality(CAST(:missing_columns AS text[])) > 0
    OR raw_rows.ngay_cap_nhat >= h.ngay_cap_nhat
    OR h.cot_cu IS NOT NULL;

-- So that where there are none the batch is not read again.
ANALYZE da_co;

CREATE TEMP TABLE ghi (tu date, ket_thuc date, so bigint, la_cu boolean) ON COMMIT DROP;

WITH them AS (
    INSERT INTO core.ho_so (
        ma_ho_so, ky_tiep_nhan,
        ma_tthc_goc,
        ma_tthc, -- columns like ma_tthc
        ma_don_vi, don_vi_ngay_nhan, don_vi_ngay_xuat,
        cot_cu, batch_id, line_no
    )
    SELECT
        moi.ma_ho_so,
        moi.ky_tiep_nhan,
        moi.ma_tthc_goc,
        moi.ma_tthc, -- columns like ma_tthc
        moi.ma_don_vi,
        moi.don_vi_ngay_nhan,
        moi.don_vi_ngay_xuat,
        CASE
            WHEN cardinality(CAST(:missing_columns AS text[])) > 0 OR moi.luc_ngay_nhan < moi.ngay_cap_nhat
                THEN (
                    SELECT jsonb_object_agg(cu.cot, cu.luc)
                    FROM (
                        SELECT
                            m.cot,
                            '-infinity'::timestamp AS luc
                        FROM unnest(CAST(:missing_columns AS text[])) AS m (cot)
                        UNION ALL
                        SELECT
                            'don_vi_ngay_nhan' AS cot,
                            moi.luc_ngay_nhan AS luc
                        WHERE moi.luc_ngay_nhan < moi.ngay_cap_nhat
                    ) AS cu
                )
        END AS cot_cu,
        :batch_id AS batch_id,
        moi.line_no
    FROM moi
    WHERE
        NOT EXISTS (
            SELECT 1 FROM core.ho_so AS h
            WHERE h.ma_ho_so = moi.ma_ho_so
        )
    RETURNING ky_tiep_nhan, ngay_ket_thuc
)

INSERT INTO ghi
SELECT
    ky_tiep_nhan,
    ngay_ket_thuc,
    count(*),
    FALSE
FROM them
GROUP BY ky_tiep_nhan, ngay_ket_thuc;

-- The usual change: a whole record that is newer than what is known, all but who had the dossier on the day of
-- receipt, which an older one may have known better.
WITH thay AS (
    UPDATE core.ho_so AS h
    SET
        ky_tiep_nhan = moi.ky_tiep_nhan,
        ma_tthc_goc = moi.ma_tthc_goc,
        ma_tthc = moi.ma_tthc, -- columns like ma_tthc
        ma_don_vi = CASE WHEN moi.giu_cu THEN core.don_vi_goc(moi.nhan_cu, moi.don_vi_ngay_xuat) ELSE moi.ma_don_vi END,
        don_vi_ngay_nhan = CASE WHEN moi.giu_cu THEN moi.nhan_cu ELSE moi.don_vi_ngay_nhan END,
        don_vi_ngay_xuat = moi.don_vi_ngay_xuat,
        cot_cu = CASE
            WHEN moi.luc_ngay_nhan < moi.ngay_cap_nhat
                THEN
                    jsonb_build_object(
                        'don_vi_ngay_nhan', CASE WHEN moi.giu_cu THEN moi.luc_nhan_cu ELSE moi.luc_ngay_nhan END
                    )
        END,
        batch_id = :batch_id,
        line_no = moi.line_no
    FROM (
        SELECT
            moi.*,
            da_co.ky_cu,
            da_co.nhan_cu,
            da_co.luc_nhan_cu,
            (da_co.luc_nhan_cu, coalesce(da_co.nhan_cu, ''))
            > (moi.luc_ngay_nhan, coalesce(moi.don_vi_ngay_nhan, '')) AS giu_cu
        FROM da_co
        INNER JOIN moi ON da_co.line_no = moi.line_no
        WHERE da_co.thay_het
    ) AS moi
    WHERE h.ma_ho_so = moi.ma_ho_so AND h.ky_tiep_nhan = moi.ky_cu
    RETURNING h.ky_tiep_nhan, h.ngay_ket_thuc
)

INSERT INTO ghi
SELECT
    ky_tiep_nhan,
    ngay_ket_thuc,
    count(*),
    FALSE
FROM thay
GROUP BY ky_tiep_nhan, ngay_ket_thuc;

-- The rest, column by column: fewer columns, an older record that fills gaps, or the same time.
CREATE TEMP TABLE tron ON COMMIT DROP AS
SELECT
    ban.line_no,
    ban.ma_ho_so,
    ban.ky_cu,
    jsonb_object_agg(cot.key, CASE WHEN cot.lay_moi THEN cot.value ELSE ban.cu -> cot.key END)
    || jsonb_build_object('ngay_cap_nhat', ban.moi_nhat) AS ban_ghi,
    jsonb_object_agg(cot.key, cot.thoi_diem) FILTER (WHERE cot.thoi_diem < ban.moi_nhat) AS cot_cu,
    bool_or(cot.lay_moi) AS co_doi
FROM (
    SELECT
        da_co.line_no,
        da_co.ma_ho_so,
        da_co.ky_cu,
        moi.ngay_cap_nhat AS luc_moi,
        moi.luc_ngay_nhan,
        h.ngay_cap_nhat AS luc_cu,
        h.cot_cu,
        greatest(moi.ngay_cap_nhat, h.ngay_cap_nhat) AS moi_nhat,
        to_jsonb(h) AS cu,
        to_jsonb(moi) - '{line_no,ma_ho_so,ky_tiep_nhan,ngay_cap_nhat,ma_don_vi,luc_ngay_nhan}'::text[] AS moi
    FROM da_co
    INNER JOIN moi ON da_co.line_no = moi.line_no
    INNER JOIN core.ho_so AS h ON da_co.ma_ho_so = h.ma_ho_so AND da_co.ky_cu = h.ky_tiep_nhan
    WHERE NOT da_co.thay_het
) AS ban
CROSS JOIN
    LATERAL (
        SELECT
            tung_cot.key,
            tung_cot.value,
            greatest(tung_cot.luc_moi, tung_cot.luc_cu) AS thoi_diem,
            tung_cot.luc_moi > tung_cot.luc_cu
            OR (
                tung_cot.luc_moi = tung_cot.luc_cu
                AND CASE
                    -- Of two units in one state, as exports of different days name them, the younger one answers.
                    WHEN
                        tung_cot.key = 'don_vi_ngay_xuat' AND tung_cot.value <> ban.cu -> tung_cot.key
                        THEN
                            (
                                (
                                    SELECT min(d.valid_from) FROM core.don_vi AS d
                                    WHERE d.ma_don_vi = tung_cot.value #>> '{}'
                                ),
                                tung_cot.value
                            )
                            > (
                                (
                                    SELECT min(d.valid_from) FROM core.don_vi AS d
                                    WHERE d.ma_don_vi = ban.cu ->> tung_cot.key
                                ),
                                ban.cu -> tung_cot.key
                            )
                    ELSE tung_cot.value > ban.cu -> tung_cot.key
                END
            ) AS lay_moi
        FROM (
            SELECT
                o.key,
                o.value,
                CASE
                    WHEN o.key = ANY(CAST(:missing_columns AS text[])) THEN '-infinity'
                    WHEN o.key = 'don_vi_ngay_nhan' THEN ban.luc_ngay_nhan
                    ELSE ban.luc_moi
                END AS luc_moi,
                coalesce((ban.cot_cu ->> o.key)::timestamp, ban.luc_cu) AS luc_cu
            FROM jsonb_each(ban.moi) AS o
        ) AS tung_cot
    ) AS cot
GROUP BY ban.line_no, ban.ma_ho_so, ban.ky_cu, ban.moi_nhat;

DELETE FROM tron
WHERE NOT co_doi;

WITH thay AS (
    UPDATE core.ho_so AS h
    SET
        ky_tiep_nhan = coalesce(date_trunc('month', r.ngay_tiep_nhan)::date, 'infinity'),
        ma_tthc_goc = r.ma_tthc_goc,
        ma_tthc = r.ma_tthc, -- columns like ma_tthc
        ma_don_vi = core.don_vi_goc(r.don_vi_ngay_nhan, r.don_vi_ngay_xuat),
        don_vi_ngay_nhan = r.don_vi_ngay_nhan,
        don_vi_ngay_xuat = r.don_vi_ngay_xuat,
        cot_cu = tron.cot_cu,
        batch_id = :batch_id,
        line_no = tron.line_no
    FROM tron
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS core.ho_so), tron.ban_ghi) AS r
    WHERE h.ma_ho_so = tron.ma_ho_so AND h.ky_tiep_nhan = tron.ky_cu
    RETURNING h.ky_tiep_nhan, h.ngay_ket_thuc
)

INSERT INTO ghi
SELECT
    ky_tiep_nhan,
    ngay_ket_thuc,
    count(*),
    FALSE
FROM thay
GROUP BY ky_tiep_nhan, ngay_ket_thuc;

INSERT INTO ghi
SELECT
    da_co.ky_cu,
    da_co.ket_thuc_cu,
    count(*),
    TRUE
FROM da_co
WHERE da_co.thay_het OR da_co.line_no IN (SELECT tron.line_no FROM tron)
GROUP BY da_co.ky_cu, da_co.ket_thuc_cu;

-- A dossier counts in the months from its receipt to its end, and in the year-to-date figures until
-- December of the year in which it ended.
CREATE TEMP TABLE changed_ranges ON COMMIT DROP AS
SELECT DISTINCT
    least(tu, date_trunc('month', ket_thuc)::date) AS first_day,
    (date_trunc('year', ket_thuc) + interval '11 months')::date AS last_day
FROM ghi
WHERE tu < 'infinity';

-- A rating counts at the unit and procedure of its dossier, in the month of the rating.
INSERT INTO changed_ranges
SELECT DISTINCT
    date_trunc('month', dg.thoi_gian_danh_gia)::date,
    (date_trunc('year', dg.thoi_gian_danh_gia) + interval '11 months')::date
FROM core.danh_gia AS dg
INNER JOIN raw_rows ON dg.ma_ho_so = raw_rows.ma_ho_so
INNER JOIN core.ho_so AS h ON raw_rows.ma_ho_so = h.ma_ho_so
WHERE h.batch_id = :batch_id AND h.line_no = raw_rows.line_no;

DROP VIEW moi;

SELECT
    count(*) FILTER (WHERE h.batch_id = :batch_id AND h.line_no = raw_rows.line_no) AS lines_accepted,
    count(*) FILTER (WHERE h.batch_id <> :batch_id OR h.line_no <> raw_rows.line_no) AS lines_superseded
FROM raw_rows
INNER JOIN core.ho_so AS h ON raw_rows.ma_ho_so = h.ma_ho_so;
