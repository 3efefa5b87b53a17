-- One row is report II.06a of all fields for one unit, level or the province, of those in :don_vi.
-- As entry :so_cai published it, or (NULL) as it is. Reads only.
SELECT
    b.ma_don_vi,
    b.ten_don_vi,
    b.cap,
    b.cot_3,
    b.cot_4,
    b.cot_5,
    b.cot_6,
    b.cot_7,
    b.cot_8,
    b.cot_9,
    b.cot_10,
    b.cot_11,
    b.cot_12,
    b.cot_13
FROM (
    SELECT
        ky_loai,
        ky,
        ma_don_vi,
        ten_don_vi,
        cap,
        ma_linh_vuc,
        ten_linh_vuc,
        cot_3,
        cot_4,
        cot_5,
        cot_6,
        cot_7,
        cot_8,
        cot_9,
        cot_10,
        cot_11,
        cot_12,
        cot_13
    FROM mart.bieu_06a
    WHERE CAST(:so_cai AS bigint) IS NULL
    UNION ALL
    SELECT
        ky_loai,
        ky,
        ma_don_vi,
        ten_don_vi,
        cap,
        ma_linh_vuc,
        ten_linh_vuc,
        cot_3,
        cot_4,
        cot_5,
        cot_6,
        cot_7,
        cot_8,
        cot_9,
        cot_10,
        cot_11,
        cot_12,
        cot_13
    FROM mart.bieu_06a_cong_bo
    WHERE so_cai = CAST(:so_cai AS bigint)
) AS b
WHERE
    b.ky_loai = :ky_loai AND b.ky = :ky AND b.ma_linh_vuc = ''
    AND CAST(:don_vi AS text) IN (b.ma_don_vi, 'TONG:' || b.cap, 'TONG:toan_tinh')
ORDER BY
    array_position(ARRAY['toan_tinh', 'so_nganh', 'huyen', 'xa'], b.cap) ASC,
    b.ma_don_vi LIKE 'TONG:%' DESC,
    b.ma_don_vi ASC;
