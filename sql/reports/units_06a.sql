-- One row is report II.06a of all fields for one unit, level or the province, of those in :don_vi.
-- Reads only.
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
FROM mart.bieu_06a AS b
WHERE
    b.ky_loai = :ky_loai AND b.ky = :ky AND b.ma_linh_vuc = ''
    AND CAST(:don_vi AS text) IN (b.ma_don_vi, 'TONG:' || b.cap, 'TONG:toan_tinh')
ORDER BY
    array_position(ARRAY['toan_tinh', 'so_nganh', 'huyen', 'xa'], b.cap) ASC,
    b.ma_don_vi LIKE 'TONG:%' DESC,
    b.ma_don_vi ASC;
