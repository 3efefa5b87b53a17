-- One row of version_ranges is one thing in one range of validity, as the source has told of it by now.
-- Included by load files that keep history; reads the temporary table `versions` (khoa, thoi_diem, van_tay, ban_ghi,
-- batch_id, line_no). `s` is the state at the start of the range, `last_state` the last that was told of its validity.
ANALYZE versions (khoa, thoi_diem);

CREATE TEMP TABLE version_ranges ON COMMIT DROP AS
WITH trang_thai AS (
    SELECT
        khoa,
        thoi_diem,
        van_tay,
        batch_id,
        line_no,
        core.overlay(ban_ghi)
            OVER (PARTITION BY khoa ORDER BY thoi_diem, van_tay)
            AS s
    FROM versions
),

-- A range of validity as the source states it; its end and successor may become known later.
doan AS (
    SELECT
        *,
        coalesce((s ->> 'hieu_luc_tu')::date, '-infinity') AS hieu_luc_tu,
        s - '{hieu_luc_tu,hieu_luc_den,ma_don_vi_ke_thua}'::text[] AS thuoc_tinh
    FROM trang_thai
),

doan_cuoi AS (
    SELECT DISTINCT ON (khoa, hieu_luc_tu)
        khoa,
        hieu_luc_tu,
        thoi_diem AS noi_luc,
        s AS last_state,
        coalesce((s ->> 'hieu_luc_den')::date, 'infinity') AS hieu_luc_den
    FROM doan
    ORDER BY khoa ASC, hieu_luc_tu ASC, thoi_diem DESC, van_tay DESC
),

-- A range that never ended and that the source no longer tells of was a wrong start, since corrected.
doan_con AS (
    SELECT d.*
    FROM (
        SELECT
            doan_cuoi.*,
            max(doan_cuoi.noi_luc) OVER (PARTITION BY doan_cuoi.khoa) AS noi_luc_cuoi
        FROM doan_cuoi
    ) AS d
    WHERE d.hieu_luc_den < 'infinity' OR d.noi_luc = d.noi_luc_cuoi
),

doi AS (
    SELECT
        doan.*,
        lag(doan.thuoc_tinh) OVER doan_theo_thoi_diem AS truoc
    FROM doan
    INNER JOIN doan_con
        ON doan.khoa = doan_con.khoa AND doan.hieu_luc_tu = doan_con.hieu_luc_tu
    WINDOW doan_theo_thoi_diem AS (PARTITION BY doan.khoa, doan.hieu_luc_tu ORDER BY doan.thoi_diem, doan.van_tay)
),

moc AS (
    SELECT DISTINCT ON (khoa, valid_from) *
    FROM (
        SELECT
            doi.*,
            CASE
                WHEN doi.truoc IS NULL THEN doi.hieu_luc_tu
                ELSE greatest(doi.thoi_diem::date, doi.hieu_luc_tu)
            END AS valid_from
        FROM doi
        WHERE doi.truoc IS DISTINCT FROM doi.thuoc_tinh
    ) AS tung_moc
    ORDER BY khoa ASC, valid_from ASC, thoi_diem DESC, van_tay DESC
)

SELECT
    moc.khoa,
    moc.valid_from,
    moc.s,
    doan_cuoi.last_state,
    moc.batch_id,
    moc.line_no,
    least(
        lead(moc.valid_from, 1, 'infinity'::date)
            OVER (PARTITION BY moc.khoa ORDER BY moc.valid_from)
        - 1,
        doan_cuoi.hieu_luc_den
    ) AS valid_to
FROM moc
INNER JOIN doan_cuoi
    ON moc.khoa = doan_cuoi.khoa AND moc.hieu_luc_tu = doan_cuoi.hieu_luc_tu;

DELETE FROM version_ranges
WHERE valid_to < valid_from;
