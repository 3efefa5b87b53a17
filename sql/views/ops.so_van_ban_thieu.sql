CREATE VIEW ops.so_van_ban_thieu WITH (security_invoker = on) AS
SELECT
    ma_don_vi,
    nam,
    chuoi_so,
    so_truoc + 1 AS tu_so,
    so - 1 AS den_so
FROM (
    SELECT
        ma_don_vi,
        so,
        extract(YEAR FROM ngay_dang_ky)::int AS nam,
        core.chuoi_so(huong, ky_hieu, loai_van_ban) AS chuoi_so,
        lag(so, 1, 0) OVER (
            PARTITION BY
                ma_don_vi,
                extract(YEAR FROM ngay_dang_ky),
                core.chuoi_so(huong, ky_hieu, loai_van_ban)
            ORDER BY so
        ) AS so_truoc
    FROM core.van_ban
    WHERE ngay_dang_ky IS NOT NULL
) AS day_so
WHERE so > so_truoc + 1;
COMMENT ON VIEW ops.so_van_ban_thieu IS
'Một dòng = một đoạn số văn bản mà kho không có trong dãy số của một đơn vị một năm: chưa nhận, bị loại, mật, bỏ số.';
