-- One row of core.ho_so is one dossier in its newest known state.
-- Safe to repeat, in any order: for each column the value with the newest change time at the source
-- wins, and of two values with the same time the greater one. An export that lacks a column (named in
-- :cot_vang) leaves that column's value and time as they are; such times are kept in cot_cu.
SELECT core.ensure_partition('ho_so', thang)
FROM (
    SELECT DISTINCT date_trunc('month', ngay_tiep_nhan)::date AS thang
    FROM lo_tho
    WHERE ngay_tiep_nhan IS NOT NULL
) AS cac_thang;

CREATE TEMP VIEW moi AS
SELECT
    line_no,
    ma_ho_so,
    ma_tthc,
    ma_linh_vuc,
    kenh_thuc_hien::smallint AS kenh_thuc_hien,
    loai_doi_tuong::smallint AS loai_doi_tuong,
    ngay_nop_ho_so,
    han_tiep_nhan,
    ngay_tiep_nhan,
    ngay_hen_tra,
    ngay_ket_thuc_xu_ly,
    ngay_tra,
    ngay_tu_choi,
    trang_thai_ho_so::smallint AS trang_thai_ho_so,
    hinh_thuc::smallint AS hinh_thuc,
    don_vi_giai_quyet AS ma_don_vi,
    don_vi_tiep_nhan,
    noi_nop_ho_so::smallint AS noi_nop_ho_so,
    ho_so_co_thanh_phan_so_hoa::smallint AS ho_so_co_thanh_phan_so_hoa,
    tai_khoan_duoc_xac_thuc_voi_vneid::smallint AS tai_khoan_duoc_xac_thuc_voi_vneid,
    duoc_thanh_toan_truc_tuyen::smallint AS duoc_thanh_toan_truc_tuyen,
    so_tai_lieu_nop,
    so_tai_lieu_co_tep,
    so_tai_lieu_so_hoa,
    so_tai_lieu_tai_su_dung,
    so_tai_lieu_tu_kho,
    so_tai_lieu_co_kho,
    so_lan_bo_sung,
    ngay_yeu_cau_bo_sung,
    tong_thoi_gian_bo_sung_phut,
    co_ket_qua_dien_tu::smallint AS co_ket_qua_dien_tu,
    so_ket_qua_co_kho,
    trim_scale(tong_phi_le_phi) AS tong_phi_le_phi,
    so_csdl_ket_noi,
    da_xoa::smallint AS da_xoa,
    ngay_cap_nhat,
    coalesce(date_trunc('month', ngay_tiep_nhan)::date, 'infinity') AS ky_tiep_nhan,
    coalesce(ma_tthc_goc, '') AS ma_tthc_goc
FROM lo;

-- Lines whose dossier is known already, with the months that the old state was counted in.
CREATE TEMP TABLE da_co ON COMMIT DROP AS
SELECT
    lo_tho.line_no,
    lo_tho.ma_ho_so,
    h.ky_tiep_nhan AS ky_cu,
    h.ngay_ket_thuc AS ket_thuc_cu,
    cardinality(CAST(:cot_vang AS text[])) = 0 AND lo_tho.ngay_cap_nhat > h.ngay_cap_nhat AS thay_het
FROM lo_tho
INNER JOIN core.ho_so AS h ON lo_tho.ma_ho_so = h.ma_ho_so
WHERE
    cardinality(CAST(:cot_vang AS text[])) > 0
    OR lo_tho.ngay_cap_nhat >= h.ngay_cap_nhat
    OR h.cot_cu IS NOT NULL;

-- So that where there are none the batch is not read again.
ANALYZE da_co;

CREATE TEMP TABLE ghi (tu date, ket_thuc date, so bigint, la_cu boolean) ON COMMIT DROP;

WITH them AS (
    INSERT INTO core.ho_so (
        ma_ho_so, ky_tiep_nhan,
        ma_tthc,
        ma_tthc_goc,
        ma_linh_vuc,
        kenh_thuc_hien,
        loai_doi_tuong,
        ngay_nop_ho_so,
        han_tiep_nhan,
        ngay_tiep_nhan,
        ngay_hen_tra,
        ngay_ket_thuc_xu_ly,
        ngay_tra,
        ngay_tu_choi,
        trang_thai_ho_so,
        hinh_thuc,
        ma_don_vi,
        don_vi_tiep_nhan,
        noi_nop_ho_so,
        ho_so_co_thanh_phan_so_hoa,
        tai_khoan_duoc_xac_thuc_voi_vneid,
        duoc_thanh_toan_truc_tuyen,
        so_tai_lieu_nop,
        so_tai_lieu_co_tep,
        so_tai_lieu_so_hoa,
        so_tai_lieu_tai_su_dung,
        so_tai_lieu_tu_kho,
        so_tai_lieu_co_kho,
        so_lan_bo_sung,
        ngay_yeu_cau_bo_sung,
        tong_thoi_gian_bo_sung_phut,
        co_ket_qua_dien_tu,
        so_ket_qua_co_kho,
        tong_phi_le_phi,
        so_csdl_ket_noi,
        da_xoa,
        ngay_cap_nhat,
        cot_cu, batch_id, line_no
    )
    SELECT
        moi.ma_ho_so,
        moi.ky_tiep_nhan,
        moi.ma_tthc,
        moi.ma_tthc_goc,
        moi.ma_linh_vuc,
        moi.kenh_thuc_hien,
        moi.loai_doi_tuong,
        moi.ngay_nop_ho_so,
        moi.han_tiep_nhan,
        moi.ngay_tiep_nhan,
        moi.ngay_hen_tra,
        moi.ngay_ket_thuc_xu_ly,
        moi.ngay_tra,
        moi.ngay_tu_choi,
        moi.trang_thai_ho_so,
        moi.hinh_thuc,
        moi.ma_don_vi,
        moi.don_vi_tiep_nhan,
        moi.noi_nop_ho_so,
        moi.ho_so_co_thanh_phan_so_hoa,
        moi.tai_khoan_duoc_xac_thuc_voi_vneid,
        moi.duoc_thanh_toan_truc_tuyen,
        moi.so_tai_lieu_nop,
        moi.so_tai_lieu_co_tep,
        moi.so_tai_lieu_so_hoa,
        moi.so_tai_lieu_tai_su_dung,
        moi.so_tai_lieu_tu_kho,
        moi.so_tai_lieu_co_kho,
        moi.so_lan_bo_sung,
        moi.ngay_yeu_cau_bo_sung,
        moi.tong_thoi_gian_bo_sung_phut,
        moi.co_ket_qua_dien_tu,
        moi.so_ket_qua_co_kho,
        moi.tong_phi_le_phi,
        moi.so_csdl_ket_noi,
        moi.da_xoa,
        moi.ngay_cap_nhat,
        CASE
            WHEN cardinality(CAST(:cot_vang AS text[])) > 0
                THEN (
                    SELECT jsonb_object_agg(cot, '-infinity')
                    FROM unnest(CAST(:cot_vang AS text[])) AS cot
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

-- The usual change: a whole record that is newer than what is known.
WITH thay AS (
    UPDATE core.ho_so AS h
    SET
        ky_tiep_nhan = moi.ky_tiep_nhan,
        ma_tthc = moi.ma_tthc,
        ma_tthc_goc = moi.ma_tthc_goc,
        ma_linh_vuc = moi.ma_linh_vuc,
        kenh_thuc_hien = moi.kenh_thuc_hien,
        loai_doi_tuong = moi.loai_doi_tuong,
        ngay_nop_ho_so = moi.ngay_nop_ho_so,
        han_tiep_nhan = moi.han_tiep_nhan,
        ngay_tiep_nhan = moi.ngay_tiep_nhan,
        ngay_hen_tra = moi.ngay_hen_tra,
        ngay_ket_thuc_xu_ly = moi.ngay_ket_thuc_xu_ly,
        ngay_tra = moi.ngay_tra,
        ngay_tu_choi = moi.ngay_tu_choi,
        trang_thai_ho_so = moi.trang_thai_ho_so,
        hinh_thuc = moi.hinh_thuc,
        ma_don_vi = moi.ma_don_vi,
        don_vi_tiep_nhan = moi.don_vi_tiep_nhan,
        noi_nop_ho_so = moi.noi_nop_ho_so,
        ho_so_co_thanh_phan_so_hoa = moi.ho_so_co_thanh_phan_so_hoa,
        tai_khoan_duoc_xac_thuc_voi_vneid = moi.tai_khoan_duoc_xac_thuc_voi_vneid,
        duoc_thanh_toan_truc_tuyen = moi.duoc_thanh_toan_truc_tuyen,
        so_tai_lieu_nop = moi.so_tai_lieu_nop,
        so_tai_lieu_co_tep = moi.so_tai_lieu_co_tep,
        so_tai_lieu_so_hoa = moi.so_tai_lieu_so_hoa,
        so_tai_lieu_tai_su_dung = moi.so_tai_lieu_tai_su_dung,
        so_tai_lieu_tu_kho = moi.so_tai_lieu_tu_kho,
        so_tai_lieu_co_kho = moi.so_tai_lieu_co_kho,
        so_lan_bo_sung = moi.so_lan_bo_sung,
        ngay_yeu_cau_bo_sung = moi.ngay_yeu_cau_bo_sung,
        tong_thoi_gian_bo_sung_phut = moi.tong_thoi_gian_bo_sung_phut,
        co_ket_qua_dien_tu = moi.co_ket_qua_dien_tu,
        so_ket_qua_co_kho = moi.so_ket_qua_co_kho,
        tong_phi_le_phi = moi.tong_phi_le_phi,
        so_csdl_ket_noi = moi.so_csdl_ket_noi,
        da_xoa = moi.da_xoa,
        ngay_cap_nhat = moi.ngay_cap_nhat,
        cot_cu = NULL,
        batch_id = :batch_id,
        line_no = moi.line_no
    FROM da_co
    INNER JOIN moi ON da_co.line_no = moi.line_no
    WHERE da_co.thay_het AND h.ma_ho_so = da_co.ma_ho_so AND h.ky_tiep_nhan = da_co.ky_cu
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
        h.ngay_cap_nhat AS luc_cu,
        h.cot_cu,
        greatest(moi.ngay_cap_nhat, h.ngay_cap_nhat) AS moi_nhat,
        to_jsonb(h) AS cu,
        to_jsonb(moi) - '{line_no,ma_ho_so,ky_tiep_nhan,ngay_cap_nhat}'::text[] AS moi
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
            OR (tung_cot.luc_moi = tung_cot.luc_cu AND tung_cot.value > ban.cu -> tung_cot.key) AS lay_moi
        FROM (
            SELECT
                o.key,
                o.value,
                CASE
                    WHEN o.key = ANY(CAST(:cot_vang AS text[])) THEN '-infinity'
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
        ma_tthc = r.ma_tthc,
        ma_tthc_goc = r.ma_tthc_goc,
        ma_linh_vuc = r.ma_linh_vuc,
        kenh_thuc_hien = r.kenh_thuc_hien,
        loai_doi_tuong = r.loai_doi_tuong,
        ngay_nop_ho_so = r.ngay_nop_ho_so,
        han_tiep_nhan = r.han_tiep_nhan,
        ngay_tiep_nhan = r.ngay_tiep_nhan,
        ngay_hen_tra = r.ngay_hen_tra,
        ngay_ket_thuc_xu_ly = r.ngay_ket_thuc_xu_ly,
        ngay_tra = r.ngay_tra,
        ngay_tu_choi = r.ngay_tu_choi,
        trang_thai_ho_so = r.trang_thai_ho_so,
        hinh_thuc = r.hinh_thuc,
        ma_don_vi = r.ma_don_vi,
        don_vi_tiep_nhan = r.don_vi_tiep_nhan,
        noi_nop_ho_so = r.noi_nop_ho_so,
        ho_so_co_thanh_phan_so_hoa = r.ho_so_co_thanh_phan_so_hoa,
        tai_khoan_duoc_xac_thuc_voi_vneid = r.tai_khoan_duoc_xac_thuc_voi_vneid,
        duoc_thanh_toan_truc_tuyen = r.duoc_thanh_toan_truc_tuyen,
        so_tai_lieu_nop = r.so_tai_lieu_nop,
        so_tai_lieu_co_tep = r.so_tai_lieu_co_tep,
        so_tai_lieu_so_hoa = r.so_tai_lieu_so_hoa,
        so_tai_lieu_tai_su_dung = r.so_tai_lieu_tai_su_dung,
        so_tai_lieu_tu_kho = r.so_tai_lieu_tu_kho,
        so_tai_lieu_co_kho = r.so_tai_lieu_co_kho,
        so_lan_bo_sung = r.so_lan_bo_sung,
        ngay_yeu_cau_bo_sung = r.ngay_yeu_cau_bo_sung,
        tong_thoi_gian_bo_sung_phut = r.tong_thoi_gian_bo_sung_phut,
        co_ket_qua_dien_tu = r.co_ket_qua_dien_tu,
        so_ket_qua_co_kho = r.so_ket_qua_co_kho,
        tong_phi_le_phi = r.tong_phi_le_phi,
        so_csdl_ket_noi = r.so_csdl_ket_noi,
        da_xoa = r.da_xoa,
        ngay_cap_nhat = r.ngay_cap_nhat,
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
CREATE TEMP TABLE pham_vi_doi ON COMMIT DROP AS
SELECT DISTINCT
    least(tu, date_trunc('month', ket_thuc)::date) AS tu,
    (date_trunc('year', ket_thuc) + interval '11 months')::date AS den
FROM ghi
WHERE tu < 'infinity';

-- A rating counts at the unit and procedure of its dossier, in the month of the rating.
INSERT INTO pham_vi_doi
SELECT DISTINCT
    date_trunc('month', dg.thoi_gian_danh_gia)::date,
    (date_trunc('year', dg.thoi_gian_danh_gia) + interval '11 months')::date
FROM core.danh_gia AS dg
INNER JOIN lo_tho ON dg.ma_ho_so = lo_tho.ma_ho_so
INNER JOIN core.ho_so AS h ON lo_tho.ma_ho_so = h.ma_ho_so
WHERE h.batch_id = :batch_id AND h.line_no = lo_tho.line_no;

SELECT coalesce(sum(so), 0) AS lines_accepted
FROM ghi
WHERE NOT la_cu;
