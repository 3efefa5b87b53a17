-- One row of core.don_vi is one unit in one range of validity.
-- Safe to repeat: versions are kept once by content, and the ranges are rebuilt from all versions,
-- whatever order they came in.
INSERT INTO core.don_vi_phien_ban (ma_don_vi, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
SELECT
    ma_don_vi,
    ngay_cap_nhat,
    md5(ban_ghi::text) AS van_tay,
    ban_ghi,
    :batch_id AS batch_id,
    line_no
FROM (
    SELECT
        lo.ma_don_vi,
        lo.ngay_cap_nhat,
        lo.line_no,
        jsonb_build_object(
            'ten_don_vi', lo.ten_don_vi,
            'ten_khoa', lo.ten_don_vi_khoa,
            'cap', lo.cap,
            'ma_don_vi_cha', lo.ma_don_vi_cha,
            'ma_gso', lo.ma_gso,
            'hieu_luc_tu', lo.hieu_luc_tu::date,
            'hieu_luc_den', lo.hieu_luc_den::date,
            'ma_don_vi_ke_thua', lo.ma_don_vi_ke_thua
        ) - CAST(:cot_vang AS text[]) AS ban_ghi
    FROM lo
) AS phien_ban
ON CONFLICT DO NOTHING;

CREATE TEMP TABLE don_vi_cu ON COMMIT DROP AS
SELECT * FROM core.don_vi;

DELETE FROM core.don_vi;

INSERT INTO core.don_vi (
    ma_don_vi, valid_from, valid_to, ten_don_vi, cap, ma_don_vi_cha, ma_gso, ma_don_vi_ke_thua,
    batch_id, line_no
)
WITH trang_thai AS (
    SELECT
        ma_don_vi,
        thoi_diem,
        van_tay,
        batch_id,
        line_no,
        core.overlay(ban_ghi)
            OVER (PARTITION BY ma_don_vi ORDER BY thoi_diem, van_tay)
            AS s
    FROM core.don_vi_phien_ban
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
    SELECT DISTINCT ON (ma_don_vi, hieu_luc_tu)
        ma_don_vi,
        hieu_luc_tu,
        thoi_diem AS noi_luc,
        coalesce((s ->> 'hieu_luc_den')::date, 'infinity') AS hieu_luc_den,
        s ->> 'ma_don_vi_ke_thua' AS ma_don_vi_ke_thua
    FROM doan
    ORDER BY ma_don_vi ASC, hieu_luc_tu ASC, thoi_diem DESC, van_tay DESC
),

-- A range that never ended and that the source no longer tells of was a wrong start, since corrected.
doan_con AS (
    SELECT d.*
    FROM doan_cuoi AS d
    WHERE
        d.hieu_luc_den < 'infinity'
        OR NOT EXISTS (
            SELECT 1 FROM doan_cuoi AS sau
            WHERE sau.ma_don_vi = d.ma_don_vi AND sau.noi_luc > d.noi_luc
        )
),

doi AS (
    SELECT
        doan.*,
        lag(doan.thuoc_tinh) OVER doan_theo_thoi_diem AS truoc
    FROM doan
    INNER JOIN doan_con
        ON doan.ma_don_vi = doan_con.ma_don_vi AND doan.hieu_luc_tu = doan_con.hieu_luc_tu
    WINDOW doan_theo_thoi_diem AS (PARTITION BY doan.ma_don_vi, doan.hieu_luc_tu ORDER BY doan.thoi_diem, doan.van_tay)
),

moc AS (
    SELECT DISTINCT ON (ma_don_vi, valid_from) *
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
    ORDER BY ma_don_vi ASC, valid_from ASC, thoi_diem DESC, van_tay DESC
),

khoang AS (
    SELECT
        moc.*,
        doan_cuoi.ma_don_vi_ke_thua,
        least(
            lead(moc.valid_from, 1, 'infinity'::date)
                OVER (PARTITION BY moc.ma_don_vi ORDER BY moc.valid_from)
            - 1,
            doan_cuoi.hieu_luc_den
        ) AS valid_to
    FROM moc
    INNER JOIN doan_cuoi
        ON moc.ma_don_vi = doan_cuoi.ma_don_vi AND moc.hieu_luc_tu = doan_cuoi.hieu_luc_tu
)

SELECT
    ma_don_vi,
    valid_from,
    valid_to,
    s ->> 'ten_don_vi' AS ten_don_vi,
    s ->> 'cap' AS cap,
    s ->> 'ma_don_vi_cha' AS ma_don_vi_cha,
    s ->> 'ma_gso' AS ma_gso,
    ma_don_vi_ke_thua,
    batch_id,
    line_no
FROM khoang
WHERE valid_to >= valid_from;

-- What a unit may be called, where that names exactly one unit at any date.
DELETE FROM core.don_vi_khoa;

INSERT INTO core.don_vi_khoa (khoa, ma_don_vi, valid_from, valid_to)
WITH goi AS (
    SELECT
        lower(dv.ma_don_vi) AS khoa,
        dv.ma_don_vi,
        dv.valid_from,
        dv.valid_to
    FROM core.don_vi AS dv
    WHERE dv.cap <> 'toan_tinh'
    UNION
    SELECT
        pb.ban_ghi ->> 'ten_khoa' AS khoa,
        dv.ma_don_vi,
        dv.valid_from,
        dv.valid_to
    FROM core.don_vi AS dv
    INNER JOIN core.don_vi_phien_ban AS pb
        ON dv.ma_don_vi = pb.ma_don_vi AND dv.ten_don_vi = pb.ban_ghi ->> 'ten_don_vi'
    WHERE dv.cap <> 'toan_tinh' AND pb.ban_ghi ->> 'ten_khoa' IS NOT NULL
)

SELECT
    goi.khoa,
    goi.ma_don_vi,
    goi.valid_from,
    goi.valid_to
FROM goi
WHERE
    NOT EXISTS (
        SELECT 1
        FROM goi AS khac
        WHERE
            khac.khoa = goi.khoa
            AND khac.ma_don_vi <> goi.ma_don_vi
            AND khac.valid_from <= goi.valid_to
            AND khac.valid_to >= goi.valid_from
    );

-- Figures change from the first day on which a unit is described differently.
CREATE TEMP TABLE pham_vi_doi ON COMMIT DROP AS
SELECT
    min(ngay.tu) AS tu,
    'infinity'::date AS den
FROM (
    SELECT
        ma_don_vi,
        unnest(ARRAY[valid_from, valid_to + 1]) AS tu
    FROM core.don_vi
    UNION
    SELECT
        ma_don_vi,
        unnest(ARRAY[valid_from, valid_to + 1]) AS tu
    FROM don_vi_cu
) AS ngay
LEFT JOIN core.don_vi AS moi
    ON ngay.ma_don_vi = moi.ma_don_vi AND ngay.tu BETWEEN moi.valid_from AND moi.valid_to
LEFT JOIN don_vi_cu AS cu
    ON ngay.ma_don_vi = cu.ma_don_vi AND ngay.tu BETWEEN cu.valid_from AND cu.valid_to
WHERE
    (moi.ten_don_vi, moi.cap, moi.ma_don_vi_ke_thua)
    IS DISTINCT FROM (cu.ten_don_vi, cu.cap, cu.ma_don_vi_ke_thua);

SELECT count(*) AS lines_accepted
FROM core.don_vi_phien_ban
WHERE batch_id = :batch_id;
