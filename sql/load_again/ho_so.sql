-- Takes out of core.ho_so the rows of lines that are rejected now, and gives the others the unit that their name means
-- now. What other lines said of a dossier stays, but who had it on the day of receipt, where this line says it surer.
WITH lay AS (
    DELETE FROM core.ho_so AS h
    USING lay_ra
    WHERE h.batch_id = :batch_id AND h.line_no = lay_ra.line_no AND lay_ra.bi_loai
    RETURNING h.ma_ho_so, h.ky_tiep_nhan, h.ngay_ket_thuc, h.ngay_nop_ho_so, h.ngay_tiep_nhan, h.ngay_cap_nhat
)

INSERT INTO bo
SELECT
    least(ky_tiep_nhan, date_trunc('month', ngay_ket_thuc)::date) AS first_day,
    (date_trunc('year', ngay_ket_thuc) + interval '11 months')::date AS last_day,
    least(ngay_nop_ho_so, ngay_tiep_nhan, ngay_cap_nhat) AS tu,
    ngay_cap_nhat AS den,
    TRUE AS bi_loai,
    ma_ho_so AS khoa
FROM lay;

WITH doi AS (
    UPDATE core.ho_so AS h
    SET
        don_vi_ngay_xuat = m.don_vi_ngay_xuat,
        don_vi_ngay_nhan = m.don_vi_ngay_nhan,
        ma_don_vi = core.don_vi_goc(m.don_vi_ngay_nhan, m.don_vi_ngay_xuat),
        cot_cu = m.cot_cu
    FROM (
        SELECT
            cu.ma_ho_so,
            cu.ky_tiep_nhan,
            b.don_vi_giai_quyet AS don_vi_ngay_xuat,
            CASE WHEN luc.theo_dong THEN b.don_vi_nhan ELSE cu.don_vi_ngay_nhan END AS don_vi_ngay_nhan,
            CASE
                WHEN NOT luc.theo_dong THEN cu.cot_cu
                WHEN luc.moi < cu.ngay_cap_nhat
                    THEN coalesce(cu.cot_cu, '{}') || jsonb_build_object('don_vi_ngay_nhan', luc.moi)
                ELSE nullif(cu.cot_cu - 'don_vi_ngay_nhan', '{}')
            END AS cot_cu
        FROM batch_rows AS b
        INNER JOIN core.ho_so AS cu
            ON
                b.ma_ho_so = cu.ma_ho_so
                AND b.line_no = cu.line_no
                -- Of an older line that only filled a gap the unit is not held.
                AND b.ngay_cap_nhat = cu.ngay_cap_nhat
        CROSS JOIN
            LATERAL (
                SELECT
                    gio.moi,
                    gio.cu = cu.ngay_cap_nhat OR gio.moi >= gio.cu AS theo_dong
                FROM (
                    SELECT
                        CASE WHEN b.don_vi_nhan_chac THEN b.ngay_cap_nhat ELSE '-infinity' END AS moi,
                        core.luc_cot(cu.cot_cu, 'don_vi_ngay_nhan', cu.ngay_cap_nhat) AS cu
                ) AS gio
            ) AS luc
        WHERE cu.batch_id = :batch_id
    ) AS m
    WHERE
        h.ma_ho_so = m.ma_ho_so
        AND h.ky_tiep_nhan = m.ky_tiep_nhan
        AND (
            h.don_vi_ngay_xuat <> m.don_vi_ngay_xuat
            OR h.don_vi_ngay_nhan IS DISTINCT FROM m.don_vi_ngay_nhan
            OR h.cot_cu IS DISTINCT FROM m.cot_cu
        )
    RETURNING h.ma_ho_so, h.ky_tiep_nhan, h.ngay_ket_thuc
)

INSERT INTO bo
SELECT
    least(ky_tiep_nhan, date_trunc('month', ngay_ket_thuc)::date) AS first_day,
    (date_trunc('year', ngay_ket_thuc) + interval '11 months')::date AS last_day,
    NULL AS tu,
    NULL AS den,
    FALSE AS bi_loai,
    ma_ho_so AS khoa
FROM doi;

-- A rating counts at the unit of its dossier, in the month of the rating.
INSERT INTO bo (first_day, last_day, bi_loai)
SELECT DISTINCT
    date_trunc('month', dg.thoi_gian_danh_gia)::date,
    (date_trunc('year', dg.thoi_gian_danh_gia) + interval '11 months')::date,
    FALSE
FROM core.danh_gia AS dg
INNER JOIN bo ON dg.ma_ho_so = bo.khoa
