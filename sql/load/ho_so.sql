-- One row of core.ho_so is one dossier in its newest known state.
-- Safe to repeat, in any order: for each column the value with the newest change time at the source
-- wins, and of two values with the same time the greater one. An export that lacks a column (named in
-- :missing_columns) leaves that column's value and time as they are; such times are kept in cot_cu. So does a line
-- that cannot say who had the dossier on the day of receipt, because it names the unit that took over from several.

-- Lines that contradict each other in the file itself become one, as those of different files do: of each column
-- the greatest value, and of units the youngest one, whose line stands for all.
INSERT INTO greatest
SELECT DISTINCT ON (c.ma_ho_so) c.*
FROM contradicting AS c
LEFT JOIN (
    SELECT
        ma_don_vi,
        min(valid_from) AS tu
    FROM core.don_vi
    GROUP BY ma_don_vi
) AS d ON c.don_vi_giai_quyet = d.ma_don_vi
ORDER BY c.ma_ho_so ASC, coalesce(d.tu, '-infinity') DESC, c.don_vi_giai_quyet DESC, c.line_no DESC;

UPDATE greatest AS g
SET
    ma_tthc = lon_nhat.ma_tthc, -- columns like ma_tthc
    ma_tthc_goc = lon_nhat.ma_tthc_goc
FROM (
    SELECT
        ma_ho_so,
        max(CAST(ma_tthc AS text)) AS ma_tthc, -- columns like ma_tthc
        max(ma_tthc_goc) AS ma_tthc_goc
    FROM contradicting
    GROUP BY ma_ho_so
) AS lon_nhat
WHERE g.ma_ho_so = lon_nhat.ma_ho_so;

SELECT core.ensure_partition('ho_so', thang)
FROM (
    SELECT DISTINCT date_trunc('month', ngay_tiep_nhan)::date AS thang
    FROM raw_rows
    WHERE ngay_tiep_nhan IS NOT NULL
) AS cac_thang;

-- Other states in the same file are not loaded, but may say who had the dossier.
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
    b.don_vi_giai_quyet AS don_vi_ngay_xuat,
    coalesce(date_trunc('month', b.ngay_tiep_nhan)::date, 'infinity') AS ky_tiep_nhan,
    coalesce(b.ma_tthc_goc, '') AS ma_tthc_goc,
    b.van_tay,
    -- What the export lacks is as old as can be.
    CASE
        WHEN cardinality(CAST(:missing_columns AS text[])) > 0 OR nhan.luc < b.ngay_cap_nhat
            THEN
                coalesce(
                    (
                        SELECT jsonb_object_agg(m.cot, '-infinity'::timestamp)
                        FROM unnest(CAST(:missing_columns AS text[])) AS m (cot)
                    ),
                    '{}'
                )
                || CASE
                    WHEN nhan.luc < b.ngay_cap_nhat THEN jsonb_build_object('don_vi_ngay_nhan', nhan.luc)
                    ELSE '{}'
                END
    END AS cot_cu
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

-- What becomes of each line whose dossier is known: it says nothing new, takes the place of the old state, or the two
-- are merged. Both are looked at once; what the line says is kept where it is needed.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    xet.line_no,
    xet.ma_ho_so,
    xet.ky_cu,
    xet.ket_thuc_cu,
    xet.viec,
    xet.lo_cu,
    xet.dong_cu,
    xet.trai,
    xet.nhan_moi,
    xet.van_tay,
    xet.cung_luc,
    CASE WHEN xet.viec IS NOT NULL THEN xet.ma_tthc END AS ma_tthc, -- columns like ma_tthc
    CASE WHEN xet.viec IS NOT NULL THEN xet.ma_tthc_goc END AS ma_tthc_goc,
    CASE WHEN xet.viec IS NOT NULL THEN xet.ky_tiep_nhan END AS ky_tiep_nhan,
    CASE WHEN xet.viec IS NOT NULL THEN xet.ma_don_vi END AS ma_don_vi,
    CASE WHEN xet.viec IS NOT NULL THEN xet.don_vi_ngay_nhan END AS don_vi_ngay_nhan,
    CASE WHEN xet.viec IS NOT NULL THEN xet.don_vi_ngay_xuat END AS don_vi_ngay_xuat,
    CASE WHEN xet.viec IS NOT NULL THEN xet.cot_cu END AS cot_cu
FROM (
    SELECT
        moi.*,
        h.ky_tiep_nhan AS ky_cu,
        h.ngay_ket_thuc AS ket_thuc_cu,
        nhan.nhan_moi,
        h.batch_id AS lo_cu,
        h.line_no AS dong_cu,
        moi.ngay_cap_nhat = h.ngay_cap_nhat AS cung_luc,
        -- The same moment and another content. Exports of different days may name a unit and its successor.
        (moi.ngay_cap_nhat = h.ngay_cap_nhat OR h.cot_cu IS NOT NULL)
        AND (
            (
                moi.ngay_cap_nhat = h.ngay_cap_nhat
                AND moi.don_vi_ngay_xuat <> h.don_vi_ngay_xuat
                AND NOT core.don_vi_noi_tiep(moi.don_vi_ngay_xuat, h.don_vi_ngay_xuat)
            )
            OR (luc_moi.ma_tthc = luc_cu.ma_tthc AND moi.ma_tthc IS DISTINCT FROM h.ma_tthc) -- columns like ma_tthc
        ) AS trai,
        CASE
            WHEN h.cot_cu IS NULL AND moi.ngay_cap_nhat < h.ngay_cap_nhat THEN NULL
            WHEN moi.ngay_cap_nhat > h.ngay_cap_nhat
                THEN CASE WHEN cardinality(CAST(:missing_columns AS text[])) = 0 THEN 'thay' ELSE 'tron' END
            -- The very state that is known: what most lines of a full export say.
            WHEN
                NOT (
                    moi.cot_cu IS DISTINCT FROM h.cot_cu
                    OR moi.don_vi_ngay_xuat <> h.don_vi_ngay_xuat
                    OR moi.don_vi_ngay_nhan IS DISTINCT FROM h.don_vi_ngay_nhan
                    OR moi.ma_tthc_goc <> h.ma_tthc_goc
                    OR moi.ma_tthc IS DISTINCT FROM h.ma_tthc -- columns like ma_tthc
                )
                THEN NULL
            WHEN
                nhan.nhan_moi
                OR (
                    moi.ngay_cap_nhat = h.ngay_cap_nhat
                    AND (
                        core.don_vi_sau(moi.don_vi_ngay_xuat, h.don_vi_ngay_xuat)
                        OR moi.ma_tthc_goc > h.ma_tthc_goc
                    )
                )
                OR core.moi_hon(moi.ma_tthc, luc_moi.ma_tthc, h.ma_tthc, luc_cu.ma_tthc) -- columns like ma_tthc
                THEN 'tron'
        END AS viec
    FROM moi
    INNER JOIN core.ho_so AS h ON moi.ma_ho_so = h.ma_ho_so
    CROSS JOIN
        LATERAL (
            SELECT
                core.luc_cot(moi.cot_cu, 'ma_tthc', moi.ngay_cap_nhat) AS ma_tthc, -- columns like ma_tthc
                core.luc_cot(moi.cot_cu, 'don_vi_ngay_nhan', moi.ngay_cap_nhat) AS don_vi_ngay_nhan
        ) AS luc_moi
    CROSS JOIN
        LATERAL (
            SELECT
                core.luc_cot(h.cot_cu, 'ma_tthc', h.ngay_cap_nhat) AS ma_tthc, -- columns like ma_tthc
                core.luc_cot(h.cot_cu, 'don_vi_ngay_nhan', h.ngay_cap_nhat) AS don_vi_ngay_nhan
        ) AS luc_cu
    CROSS JOIN
        LATERAL (
            SELECT
                core.moi_hon(
                    moi.don_vi_ngay_nhan,
                    luc_moi.don_vi_ngay_nhan,
                    h.don_vi_ngay_nhan,
                    luc_cu.don_vi_ngay_nhan
                ) AS nhan_moi
        ) AS nhan
    -- Kept apart, so that what becomes of a line is asked once.
    OFFSET 0 -- noqa: AM09
) AS xet;

-- So that where there are none the batch is not read again.
ANALYZE da_co (line_no, viec);

INSERT INTO contradictions
SELECT
    line_no,
    lo_cu,
    dong_cu
FROM da_co
WHERE trai;

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
        moi.cot_cu,
        :batch_id AS batch_id,
        moi.line_no
    FROM moi
    WHERE
        -- Where all are known, none is looked up again.
        (SELECT count(*) FROM da_co) < (SELECT count(*) FROM raw_rows)
        AND NOT EXISTS (
            SELECT 1 FROM da_co
            WHERE da_co.line_no = moi.line_no
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
        ma_don_vi = CASE
            WHEN moi.nhan_moi THEN moi.ma_don_vi
            ELSE core.don_vi_goc(h.don_vi_ngay_nhan, moi.don_vi_ngay_xuat)
        END,
        don_vi_ngay_nhan = CASE WHEN moi.nhan_moi THEN moi.don_vi_ngay_nhan ELSE h.don_vi_ngay_nhan END,
        don_vi_ngay_xuat = moi.don_vi_ngay_xuat,
        cot_cu = CASE
            WHEN moi.cot_cu IS NOT NULL
                THEN core.cot_cu_chung(moi.cot_cu, moi.ngay_cap_nhat, h.cot_cu, h.ngay_cap_nhat)
        END,
        batch_id = :batch_id,
        line_no = moi.line_no
    FROM da_co AS moi
    WHERE
        moi.viec = 'thay' AND h.ma_ho_so = moi.ma_ho_so AND h.ky_tiep_nhan = moi.ky_cu
        -- Asked again of the row as it is when it is written: then a line would be missing from the counts.
        AND h.ngay_cap_nhat < moi.ngay_cap_nhat
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
WITH thay AS (
    UPDATE core.ho_so AS h
    SET
        ky_tiep_nhan = coalesce(date_trunc('month', r.ngay_tiep_nhan)::date, 'infinity'),
        ma_tthc_goc = r.ma_tthc_goc,
        ma_tthc = r.ma_tthc, -- columns like ma_tthc
        ma_don_vi = core.don_vi_goc(r.don_vi_ngay_nhan, r.don_vi_ngay_xuat),
        don_vi_ngay_nhan = r.don_vi_ngay_nhan,
        don_vi_ngay_xuat = r.don_vi_ngay_xuat,
        cot_cu = r.cot_cu,
        batch_id = :batch_id,
        line_no = r.line_no
    FROM (
        SELECT
            moi.line_no,
            moi.ma_ho_so,
            moi.ky_cu,
            CASE WHEN chon.ma_tthc THEN moi.ma_tthc ELSE cu.ma_tthc END AS ma_tthc, -- columns like ma_tthc
            CASE WHEN chon.ma_tthc_goc THEN moi.ma_tthc_goc ELSE cu.ma_tthc_goc END AS ma_tthc_goc,
            CASE WHEN moi.nhan_moi THEN moi.don_vi_ngay_nhan ELSE cu.don_vi_ngay_nhan END AS don_vi_ngay_nhan,
            CASE WHEN chon.don_vi_ngay_xuat THEN moi.don_vi_ngay_xuat ELSE cu.don_vi_ngay_xuat END AS don_vi_ngay_xuat,
            core.cot_cu_chung(moi.cot_cu, moi.ngay_cap_nhat, cu.cot_cu, cu.ngay_cap_nhat) AS cot_cu,
            cu.batch_id AS batch_cu,
            cu.line_no AS line_cu
        FROM da_co AS moi
        INNER JOIN core.ho_so AS cu ON moi.ma_ho_so = cu.ma_ho_so AND moi.ky_cu = cu.ky_tiep_nhan
        CROSS JOIN
            LATERAL (
                SELECT
                    core.luc_cot(moi.cot_cu, 'ma_tthc', moi.ngay_cap_nhat) AS ma_tthc, -- columns like ma_tthc
                    moi.line_no
            ) AS a
        CROSS JOIN
            LATERAL (
                SELECT
                    core.luc_cot(cu.cot_cu, 'ma_tthc', cu.ngay_cap_nhat) AS ma_tthc, -- columns like ma_tthc
                    cu.line_no
            ) AS b
        CROSS JOIN
            LATERAL (
                SELECT
                    core.moi_hon(moi.ma_tthc, a.ma_tthc, cu.ma_tthc, b.ma_tthc) AS ma_tthc, -- columns like ma_tthc
                    core.moi_hon(moi.ma_tthc_goc, moi.ngay_cap_nhat, cu.ma_tthc_goc, cu.ngay_cap_nhat) AS ma_tthc_goc,
                    moi.ngay_cap_nhat > cu.ngay_cap_nhat
                    -- Of two units in one state, as exports of different days name them, the younger one answers.
                    OR (
                        moi.ngay_cap_nhat = cu.ngay_cap_nhat
                        AND core.don_vi_sau(moi.don_vi_ngay_xuat, cu.don_vi_ngay_xuat)
                    ) AS don_vi_ngay_xuat
            ) AS chon
        WHERE moi.viec = 'tron'
    ) AS r
    WHERE
        h.ma_ho_so = r.ma_ho_so AND h.ky_tiep_nhan = r.ky_cu
        -- The row is still the one that was merged with.
        AND h.batch_id = r.batch_cu AND h.line_no = r.line_cu
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
    ky_cu,
    ket_thuc_cu,
    count(*),
    TRUE
FROM da_co
WHERE viec IS NOT NULL
GROUP BY ky_cu, ket_thuc_cu;

-- By what a line said it is recognised when it comes again: that the row was written by it, or that it said nothing
-- new to the row. Only the newest state is expected again.
DELETE FROM ops.known_line AS k
USING da_co
WHERE
    k.batch_id = da_co.lo_cu AND k.line_no = da_co.dong_cu
    AND (da_co.viec IS NOT NULL OR (da_co.cung_luc AND NOT da_co.trai));

INSERT INTO ops.known_line (batch_id, line_no, van_tay)
SELECT
    :batch_id AS batch_id,
    raw_rows.line_no,
    raw_rows.van_tay
FROM raw_rows
WHERE
    (SELECT count(*) FROM da_co) < (SELECT count(doc.line_no) FROM raw_rows AS doc)
    AND NOT EXISTS (
        SELECT 1 FROM da_co
        WHERE da_co.line_no = raw_rows.line_no
    )
UNION ALL
SELECT
    CASE WHEN viec IS NULL THEN lo_cu ELSE :batch_id END AS batch_id,
    CASE WHEN viec IS NULL THEN dong_cu ELSE line_no END AS line_no,
    van_tay
FROM da_co
WHERE viec IS NOT NULL OR (cung_luc AND NOT trai);

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
WHERE
    EXISTS (SELECT 1 FROM ghi)
    AND h.batch_id = :batch_id AND h.line_no = raw_rows.line_no;

DROP VIEW moi;

SELECT
    (
        SELECT coalesce(sum(so), 0) FROM ghi
        WHERE NOT la_cu
    ) + (
        -- Its own line: the batch was loaded before, and is judged and loaded again now.
        SELECT count(*) FROM da_co
        WHERE viec IS NULL AND (lo_cu, dong_cu) = (:batch_id, line_no)
    ) AS lines_accepted,
    (
        SELECT count(*) FROM da_co
        WHERE viec IS NULL AND (lo_cu, dong_cu) <> (:batch_id, line_no)
    ) AS lines_superseded;
