CREATE VIEW core.nop_khai_bao WITH (security_invoker = on) AS
SELECT
    h.ky,
    h.tu_ngay,
    h.den_ngay,
    h.han,
    n.ma_don_vi,
    n.ten_don_vi,
    n.cap,
    n.phai_co,
    n.da_co,
    n.dung_han,
    n.dau_luc,
    n.cuoi_luc
FROM core.han_nop AS h
CROSS JOIN LATERAL core.dem_khai_bao(h.ma_han, h.ky) AS n
WHERE h.loai = 'khai_bao';
COMMENT ON VIEW core.nop_khai_bao IS
'Một dòng = phiếu của một đơn vị cho một tháng: bao nhiêu số liệu phải khai, đã khai, khai đúng hạn, lúc nào.';
GRANT SELECT ON core.nop_khai_bao TO cchc_bi, cchc_don_vi;
