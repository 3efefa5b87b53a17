-- One row is one line of the batch with what the reference data say of its unit and procedure.
-- A view over the batch (`batch_rows`): reads only; one line stays one row because core ranges never overlap.
SELECT
    batch_rows.*,
    dv.ma_don_vi AS don_vi_giai_quyet,
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
