-- Dossiers of two units, of the day of receipt and of the export, count by the first where the second answers for it.
-- Run after units are loaded; returns the days in which those count that count by the other one now.
WITH doi AS (
    UPDATE core.ho_so AS h
    SET ma_don_vi = m.ma_don_vi
    FROM (
        SELECT
            c.ma_ho_so,
            c.ky_tiep_nhan,
            core.don_vi_goc(c.don_vi_ngay_nhan, c.don_vi_ngay_xuat) AS ma_don_vi
        FROM core.ho_so AS c
        WHERE c.don_vi_ngay_nhan <> c.don_vi_ngay_xuat
    ) AS m
    WHERE h.ma_ho_so = m.ma_ho_so AND h.ky_tiep_nhan = m.ky_tiep_nhan AND h.ma_don_vi <> m.ma_don_vi
    RETURNING h.ma_ho_so, h.ky_tiep_nhan, h.ngay_ket_thuc
)

SELECT
    least(ky_tiep_nhan, date_trunc('month', ngay_ket_thuc)::date) AS first_day,
    (date_trunc('year', ngay_ket_thuc) + interval '11 months')::date AS last_day
FROM doi
WHERE ky_tiep_nhan < 'infinity'
UNION
SELECT
    date_trunc('month', dg.thoi_gian_danh_gia)::date AS first_day,
    (date_trunc('year', dg.thoi_gian_danh_gia) + interval '11 months')::date AS last_day
FROM core.danh_gia AS dg
INNER JOIN doi ON dg.ma_ho_so = doi.ma_ho_so
