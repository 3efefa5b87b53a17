-- One row of core.tthc is one procedure in one range of validity; of core.tthc_don_vi, one unit
-- that provides it at one level. Safe to repeat: versions are kept once by content, and the ranges
-- are rebuilt from all versions, whatever order they came in. A column that an export lacks is not
-- in its version, so it erases nothing.
INSERT INTO core.tthc_phien_ban (ma_tthc, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
SELECT
    ma_tthc_goc,
    ngay_cap_nhat,
    md5(ban_ghi::text) AS van_tay,
    ban_ghi,
    :batch_id AS batch_id,
    line_no
FROM (
    SELECT
        lo.ma_tthc_goc,
        lo.ngay_cap_nhat,
        lo.line_no,
        jsonb_build_object(
            'ten_tthc', lo.ten_tthc,
            'ma_linh_vuc', lo.ma_linh_vuc,
            'ten_linh_vuc', lo.ten_linh_vuc,
            'cap_thuc_hien', lo.cap_thuc_hien,
            'co_quan_cong_bo', lo.co_quan_cong_bo,
            'co_quan_thuc_hien', lo.co_quan_thuc_hien,
            'muc_do', lo.muc_do,
            'thu_tuc_khong_co_ket_qua', lo.thu_tuc_khong_co_ket_qua,
            'co_phi', lo.co_phi,
            'thoi_gian_giai_quyet_ngay', lo.thoi_gian_giai_quyet_ngay,
            'du_dieu_kien_toan_trinh', lo.du_dieu_kien_toan_trinh,
            'don_vi_thuc_hien', lo.don_vi_thuc_hien,
            'hieu_luc_tu', lo.hieu_luc_tu::date,
            'hieu_luc_den', lo.hieu_luc_den::date
        ) - CAST(:cot_vang AS text[]) AS ban_ghi
    FROM lo
) AS phien_ban
ON CONFLICT DO NOTHING;

CREATE TEMP TABLE tthc_cu ON COMMIT DROP AS
SELECT
    ma_tthc,
    valid_from,
    valid_to,
    thu_tuc_khong_co_ket_qua,
    thoi_gian_giai_quyet_ngay
FROM core.tthc;

CREATE TEMP TABLE tthc_don_vi_cu ON COMMIT DROP AS
SELECT * FROM core.tthc_don_vi;

DELETE FROM core.tthc;

DELETE FROM core.tthc_don_vi;

CREATE TEMP TABLE tthc_khoang ON COMMIT DROP AS
WITH trang_thai AS (
    SELECT
        ma_tthc,
        thoi_diem,
        van_tay,
        batch_id,
        line_no,
        core.overlay(ban_ghi)
            OVER (PARTITION BY ma_tthc ORDER BY thoi_diem, van_tay)
            AS s
    FROM core.tthc_phien_ban
),

doan AS (
    SELECT
        *,
        coalesce((s ->> 'hieu_luc_tu')::date, '-infinity') AS hieu_luc_tu,
        s - '{hieu_luc_tu,hieu_luc_den}'::text[] AS thuoc_tinh
    FROM trang_thai
),

doan_cuoi AS (
    SELECT DISTINCT ON (ma_tthc, hieu_luc_tu)
        ma_tthc,
        hieu_luc_tu,
        thoi_diem AS noi_luc,
        coalesce((s ->> 'hieu_luc_den')::date, 'infinity') AS hieu_luc_den
    FROM doan
    ORDER BY ma_tthc ASC, hieu_luc_tu ASC, thoi_diem DESC, van_tay DESC
),

-- A range that never ended and that the source no longer tells of was a wrong start, since corrected.
doan_con AS (
    SELECT d.*
    FROM doan_cuoi AS d
    WHERE
        d.hieu_luc_den < 'infinity'
        OR NOT EXISTS (
            SELECT 1 FROM doan_cuoi AS sau
            WHERE sau.ma_tthc = d.ma_tthc AND sau.noi_luc > d.noi_luc
        )
),

doi AS (
    SELECT
        doan.*,
        lag(doan.thuoc_tinh) OVER doan_theo_thoi_diem AS truoc
    FROM doan
    INNER JOIN doan_con
        ON doan.ma_tthc = doan_con.ma_tthc AND doan.hieu_luc_tu = doan_con.hieu_luc_tu
    WINDOW doan_theo_thoi_diem AS (PARTITION BY doan.ma_tthc, doan.hieu_luc_tu ORDER BY doan.thoi_diem, doan.van_tay)
),

moc AS (
    SELECT DISTINCT ON (ma_tthc, valid_from) *
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
    ORDER BY ma_tthc ASC, valid_from ASC, thoi_diem DESC, van_tay DESC
)

SELECT
    moc.ma_tthc,
    moc.valid_from,
    moc.s,
    moc.batch_id,
    moc.line_no,
    least(
        lead(moc.valid_from, 1, 'infinity'::date)
            OVER (PARTITION BY moc.ma_tthc ORDER BY moc.valid_from)
        - 1,
        doan_cuoi.hieu_luc_den
    ) AS valid_to
FROM moc
INNER JOIN doan_cuoi
    ON moc.ma_tthc = doan_cuoi.ma_tthc AND moc.hieu_luc_tu = doan_cuoi.hieu_luc_tu;

INSERT INTO core.tthc (
    ma_tthc, valid_from, valid_to, ten_tthc, ma_linh_vuc, ten_linh_vuc, cap_thuc_hien,
    co_quan_cong_bo, co_quan_thuc_hien, muc_do, thu_tuc_khong_co_ket_qua, co_phi,
    thoi_gian_giai_quyet_ngay, du_dieu_kien_toan_trinh, batch_id, line_no
)
SELECT
    ma_tthc,
    valid_from,
    valid_to,
    s ->> 'ten_tthc' AS ten_tthc,
    s ->> 'ma_linh_vuc' AS ma_linh_vuc,
    s ->> 'ten_linh_vuc' AS ten_linh_vuc,
    s ->> 'cap_thuc_hien' AS cap_thuc_hien,
    s ->> 'co_quan_cong_bo' AS co_quan_cong_bo,
    s ->> 'co_quan_thuc_hien' AS co_quan_thuc_hien,
    (s ->> 'muc_do')::smallint AS muc_do,
    (s ->> 'thu_tuc_khong_co_ket_qua')::smallint AS thu_tuc_khong_co_ket_qua,
    (s ->> 'co_phi')::smallint AS co_phi,
    (s ->> 'thoi_gian_giai_quyet_ngay')::numeric AS thoi_gian_giai_quyet_ngay,
    (s ->> 'du_dieu_kien_toan_trinh')::smallint AS du_dieu_kien_toan_trinh,
    batch_id,
    line_no
FROM tthc_khoang
WHERE valid_to >= valid_from;

INSERT INTO core.tthc_don_vi (ma_tthc, ma_don_vi, muc_do, valid_from, valid_to)
SELECT DISTINCT ON (ma_tthc, ma_don_vi, valid_from)
    ma_tthc,
    ma_don_vi,
    muc_do,
    valid_from,
    valid_to
FROM (
    SELECT
        k.ma_tthc,
        dv ->> 'MaDonVi' AS ma_don_vi,
        (dv ->> 'MucDo')::smallint AS muc_do,
        greatest(k.valid_from, to_date(dv ->> 'HieuLucTu', 'YYYYMMDD')) AS valid_from,
        least(k.valid_to, to_date(dv ->> 'HieuLucDen', 'YYYYMMDD')) AS valid_to
    FROM tthc_khoang AS k
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(k.s -> 'don_vi_thuc_hien')
            WHEN 'array' THEN k.s -> 'don_vi_thuc_hien'
            ELSE '[]'
        END
    ) AS dv
) AS cung_cap
WHERE valid_to >= valid_from
ORDER BY ma_tthc ASC, ma_don_vi ASC, valid_from ASC, muc_do DESC;

-- Figures change from the first day on which an attribute they use is different.
CREATE TEMP TABLE pham_vi_doi ON COMMIT DROP AS
SELECT
    min(khac.tu) AS tu,
    'infinity'::date AS den
FROM (
    SELECT ngay.tu
    FROM (
        SELECT
            ma_tthc,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM core.tthc
        UNION
        SELECT
            ma_tthc,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM tthc_cu
    ) AS ngay
    LEFT JOIN core.tthc AS moi
        ON ngay.ma_tthc = moi.ma_tthc AND ngay.tu BETWEEN moi.valid_from AND moi.valid_to
    LEFT JOIN tthc_cu AS cu
        ON ngay.ma_tthc = cu.ma_tthc AND ngay.tu BETWEEN cu.valid_from AND cu.valid_to
    WHERE
        (moi.ma_tthc, moi.thu_tuc_khong_co_ket_qua, moi.thoi_gian_giai_quyet_ngay)
        IS DISTINCT FROM (cu.ma_tthc, cu.thu_tuc_khong_co_ket_qua, cu.thoi_gian_giai_quyet_ngay)
    UNION ALL
    SELECT ngay.tu
    FROM (
        SELECT
            ma_tthc,
            ma_don_vi,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM core.tthc_don_vi
        UNION
        SELECT
            ma_tthc,
            ma_don_vi,
            unnest(ARRAY[valid_from, valid_to + 1]) AS tu
        FROM tthc_don_vi_cu
    ) AS ngay
    LEFT JOIN core.tthc_don_vi AS moi
        ON
            ngay.ma_tthc = moi.ma_tthc AND ngay.ma_don_vi = moi.ma_don_vi
            AND ngay.tu BETWEEN moi.valid_from AND moi.valid_to
    LEFT JOIN tthc_don_vi_cu AS cu
        ON
            ngay.ma_tthc = cu.ma_tthc AND ngay.ma_don_vi = cu.ma_don_vi
            AND ngay.tu BETWEEN cu.valid_from AND cu.valid_to
    WHERE moi.muc_do IS DISTINCT FROM cu.muc_do
) AS khac;

-- Every line of dossiers is looked up here; PostgreSQL looks at so few rows by itself too late.
ANALYZE core.tthc;

SELECT count(*) AS lines_accepted
FROM core.tthc_phien_ban
WHERE batch_id = :batch_id;
