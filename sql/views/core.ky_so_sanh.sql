CREATE VIEW core.ky_so_sanh WITH (security_invoker = on) AS
SELECT
    k.ky_loai,
    k.ky,
    t.ky AS ky_xet,
    t.tu_ngay AS tu_ngay_xet
FROM mart.ky AS k
CROSS JOIN mart.nguong_bat_thuong AS n
INNER JOIN mart.ky AS t
    ON
        k.ky_loai = t.ky_loai
        AND t.tu_ngay
        BETWEEN k.tu_ngay - n.so_ky_nhin_lai * age((k.den_ngay + 1)::timestamp, k.tu_ngay::timestamp)
        AND k.tu_ngay
        AND age((k.den_ngay + 1)::timestamp, k.tu_ngay::timestamp)
        = age((t.den_ngay + 1)::timestamp, t.tu_ngay::timestamp);
COMMENT ON VIEW core.ky_so_sanh IS
'Một dòng = một kỳ và một kỳ mà con số của nó được xét cùng: chính nó, và 12 kỳ trước cùng loại, cùng độ dài.';
COMMENT ON COLUMN core.ky_so_sanh.ky_loai IS 'Loại kỳ, xem mart.ky.';
COMMENT ON COLUMN core.ky_so_sanh.ky IS 'Kỳ.';
COMMENT ON COLUMN core.ky_so_sanh.ky_xet IS 'Kỳ được xét cùng.';
COMMENT ON COLUMN core.ky_so_sanh.tu_ngay_xet IS 'Ngày đầu của kỳ ấy.';
GRANT SELECT ON core.ky_so_sanh TO cchc_bi, cchc_steward, cchc_don_vi;
