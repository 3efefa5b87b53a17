-- One row is one line of the batch with what the reference data say of its unit and procedure. A name is looked up
-- on the day of receipt, else on the day of the export: a dossier carried over bears the name of who took it over.
-- A view over the batch (`batch_rows`): reads only; one line stays one row because core ranges never overlap.
SELECT
    batch_rows.*,
    CASE
        WHEN dv.ma_don_vi IS NOT NULL THEN dv.ma_don_vi
        WHEN tien_than.ma_don_vi IS NOT NULL THEN sau.ma_don_vi
    END AS don_vi_giai_quyet,
    -- Who had it on the day of receipt, if only one unit can have had it; else, less surely, the one that took it in
    -- if it is among them, or the one that its name meant that day.
    CASE
        WHEN tien_than.ma_don_vi IS NULL THEN dv.ma_don_vi
        WHEN cardinality(tien_than.ung_vien) = 1 THEN tien_than.ung_vien[1]
        ELSE coalesce(noi_nhan.ma_don_vi, dv.ma_don_vi)
    END AS don_vi_nhan,
    coalesce(cardinality(tien_than.ung_vien), 1) = 1 AS don_vi_nhan_chac,
    dv.ma_don_vi IS NULL AND tien_than.ma_don_vi IS NULL AND sau.ma_don_vi IS NOT NULL AS don_vi_khong_ke_thua,
    tt.thoi_gian_giai_quyet_ngay AS tthc_so_ngay,
    tt.ma_tthc IS NOT NULL AS tthc_trong_danh_muc,
    -- As core.cong_ngay_lam_viec counts, by the day: what comes after hours counts from the next morning.
    hen.so_ngay_lam_viec_truoc - nhan.so_ngay_lam_viec_truoc
    - CASE WHEN nhan.la_ngay_lam_viec AND batch_rows.ngay_tiep_nhan > nhan.het_gio THEN 1 ELSE 0 END AS so_ngay_hen
FROM batch_rows
LEFT JOIN core.don_vi_khoa AS dv
    ON
        batch_rows.don_vi_xu_ly_khoa = dv.khoa
        AND coalesce(batch_rows.ngay_tiep_nhan, batch_rows.ngay_nop_ho_so, batch_rows.ngay_cap_nhat)::date
        BETWEEN dv.valid_from AND dv.valid_to
-- Only the lines that found nothing are looked up again: a NULL finds nothing at once.
LEFT JOIN
    LATERAL core.don_vi_ngay_xuat(
        CASE WHEN dv.ma_don_vi IS NULL THEN batch_rows.don_vi_xu_ly_khoa END,
        coalesce(batch_rows.ngay_tiep_nhan, batch_rows.ngay_nop_ho_so, batch_rows.ngay_cap_nhat)::date,
        batch_rows.exported_at::date
    ) AS sau
    ON TRUE
LEFT JOIN core.don_vi_tien_than AS tien_than
    ON
        coalesce(dv.ma_don_vi, sau.ma_don_vi) = tien_than.ma_don_vi
        AND coalesce(batch_rows.ngay_tiep_nhan, batch_rows.ngay_nop_ho_so, batch_rows.ngay_cap_nhat)::date
        BETWEEN tien_than.valid_from AND tien_than.valid_to
        AND batch_rows.exported_at::date BETWEEN tien_than.xuat_tu AND tien_than.xuat_den
LEFT JOIN core.don_vi_khoa AS noi_nhan
    ON
        CASE WHEN cardinality(tien_than.ung_vien) > 1 THEN batch_rows.don_vi_tiep_nhan_khoa END = noi_nhan.khoa
        AND noi_nhan.ma_don_vi = ANY(tien_than.ung_vien)
        AND coalesce(batch_rows.ngay_tiep_nhan, batch_rows.ngay_nop_ho_so, batch_rows.ngay_cap_nhat)::date
        BETWEEN noi_nhan.valid_from AND noi_nhan.valid_to
LEFT JOIN core.tthc AS tt
    ON
        batch_rows.ma_tthc_goc = tt.ma_tthc
        AND coalesce(batch_rows.ngay_tiep_nhan, batch_rows.ngay_nop_ho_so, batch_rows.ngay_cap_nhat)::date
        BETWEEN tt.valid_from AND tt.valid_to
LEFT JOIN (
    SELECT
        l.ngay,
        l.la_ngay_lam_viec,
        l.so_ngay_lam_viec_truoc,
        max(b.den) AS het_gio
    FROM core.lich AS l
    LEFT JOIN core.buoi_lam_viec AS b ON l.ngay = b.den::date
    GROUP BY l.ngay
) AS nhan
    ON batch_rows.ngay_tiep_nhan::date = nhan.ngay
LEFT JOIN core.lich AS hen ON batch_rows.ngay_hen_tra::date = hen.ngay
