-- One row of version_ranges is one thing in one range of validity, as the source has told of it by now.
-- Included by load files that keep history, which drop this view; reads the temporary view `versions` (khoa,
-- thoi_diem, van_tay, ban_ghi, batch_id, line_no). `s` is the state at the start of the range, `last_state` the last
-- that was told of its validity. As a view, what its reader does not ask for is not worked out.
CREATE TEMP VIEW version_ranges AS
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
        coalesce((s ->> 'hieu_luc_tu')::date, '-infinity') AS hieu_luc_tu
    FROM trang_thai
),

-- Each state with the one before it and the last one of its range.
doi AS (
    SELECT
        *,
        lag(s) OVER ca_doan AS truoc,
        last_value(thoi_diem) OVER ca_doan AS noi_luc,
        last_value(s) OVER ca_doan AS last_state,
        coalesce((last_value(s ->> 'hieu_luc_den') OVER ca_doan)::date, 'infinity') AS hieu_luc_den
    FROM doan
    WINDOW ca_doan AS (
        PARTITION BY khoa, hieu_luc_tu ORDER BY thoi_diem, van_tay
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),

-- A range that never ended and that the source no longer tells of was a wrong start, since corrected.
doan_con AS (
    SELECT *
    FROM (
        SELECT
            *,
            max(noi_luc) OVER (PARTITION BY khoa) AS noi_luc_cuoi
        FROM doi
    ) AS d
    WHERE hieu_luc_den < 'infinity' OR noi_luc = noi_luc_cuoi
),

-- Where anything but validity is told otherwise, the thing is another from that day on.
moc AS (
    SELECT
        *,
        CASE WHEN truoc IS NULL THEN hieu_luc_tu ELSE greatest(thoi_diem::date, hieu_luc_tu) END AS valid_from
    FROM doan_con
    WHERE
        truoc IS NULL
        OR truoc - '{hieu_luc_tu,hieu_luc_den,ma_don_vi_ke_thua}'::text[]
        <> s - '{hieu_luc_tu,hieu_luc_den,ma_don_vi_ke_thua}'::text[]
),

-- Of what was told for the same day the last counts: the one that another day follows.
ke_tiep AS (
    SELECT
        *,
        lead(valid_from) OVER (PARTITION BY khoa ORDER BY valid_from, thoi_diem, van_tay) AS ngay_sau
    FROM moc
),

khoang AS (
    SELECT
        khoa,
        valid_from,
        s,
        last_state,
        batch_id,
        line_no,
        least(coalesce(ngay_sau, 'infinity') - 1, hieu_luc_den) AS valid_to
    FROM ke_tiep
    WHERE ngay_sau IS DISTINCT FROM valid_from
)

SELECT *
FROM khoang
WHERE valid_to >= valid_from;
