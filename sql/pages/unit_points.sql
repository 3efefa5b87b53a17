-- One row is a unit's points of QĐ 766 in a month: a sub-indicator, a group, or the total.
-- Reads only.
SELECT
    p.nhom,
    p.ma,
    p.ten,
    p.ty_le,
    p.diem,
    p.diem_toi_da,
    p.diem_toi_da_ca_nhom,
    p.ly_do_na,
    p.trang_thai,
    p.diem_chua_xac_nhan
FROM mart.diem_766 AS p
WHERE p.ky = :ky AND p.ma_don_vi = :ma
ORDER BY p.nhom = '', p.nhom, p.ma <> '', p.ma;
