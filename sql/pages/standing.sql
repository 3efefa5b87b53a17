-- One row says how the figures of a period stand at :don_vi beyond their state: the revision in force and since when,
-- how many would change, and of a month whether it was published before it closed and the unit has confirmed it.
-- Reads only.
SELECT
    hien.revision,
    hien.valid_from AS luc,
    hien.so_cai,
    cho.con_so AS con_so_cho,
    coalesce(thang.trang_thai = 'tam_cong_bo', FALSE) AS tam_cong_bo,
    x.trang_thai AS xac_nhan,
    x.han,
    x.tre
FROM (
    SELECT count(*) AS con_so
    FROM mart.con_so_cho AS c
    WHERE c.ky_loai = :ky_loai AND c.ky = :ky AND c.ma_don_vi = :don_vi
) AS cho
LEFT JOIN
    LATERAL (
        SELECT
            h.revision,
            h.valid_from,
            h.so_cai
        FROM mart.chi_so_lich_su AS h
        WHERE
            h.ky_loai = :ky_loai AND h.ky = :ky AND h.ma_don_vi = 'TONG:toan_tinh' AND h.trang_thai = 'da_chot'
        ORDER BY h.so_cai DESC
        LIMIT 1
    ) AS hien
    ON TRUE
LEFT JOIN mart.cong_bo AS thang ON thang.ky = :ky AND :ky_loai = 'thang'
LEFT JOIN mart.xac_nhan AS x ON x.ky = :ky AND x.ma_don_vi = :don_vi AND :ky_loai = 'thang';
