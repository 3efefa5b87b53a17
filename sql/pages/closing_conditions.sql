-- One row is one condition that is looked at before a month is closed, in order. Reads only.
SELECT
    d.ma,
    d.ten,
    d.muc,
    d.dat,
    d.thieu,
    d.chi_tiet,
    d.viec_can_lam
FROM mart.dieu_kien_chot AS d
WHERE d.ky = :ky
ORDER BY d.thu_tu;
