-- With the owner's rights: of ops.batch it shows one time per dataset and publication, and nothing else.
CREATE VIEW mart.nguon_cong_bo AS
WITH moi AS (
    SELECT
        l.so_cai,
        l.dataset,
        max(b.extracted_at) AS tinh_den
    FROM ops.lo_cong_bo AS l
    INNER JOIN ops.batch AS b ON l.batch_id = b.batch_id
    GROUP BY l.so_cai, l.dataset
)

SELECT
    s.so AS so_cai,
    d.dataset,
    max(m.tinh_den) OVER (PARTITION BY d.dataset ORDER BY s.so) AS tinh_den
FROM ops.so_cai AS s
CROSS JOIN (SELECT DISTINCT dataset FROM moi) AS d
LEFT JOIN moi AS m ON s.so = m.so_cai AND d.dataset = m.dataset
WHERE s.loai IN ('chot', 'tam_cong_bo', 'dinh_chinh');
COMMENT ON VIEW mart.nguon_cong_bo IS
'Một dòng = một bộ dữ liệu lúc ghi một dòng sổ công bố: biết đến lúc nào, theo các lô đã vào bản ấy.';
COMMENT ON COLUMN mart.nguon_cong_bo.so_cai IS 'Số của dòng sổ (ops.so_cai), xem mart.ban_cong_bo.';
COMMENT ON COLUMN mart.nguon_cong_bo.dataset IS 'Bộ dữ liệu: ho_so, tthc, don_vi…';
COMMENT ON COLUMN mart.nguon_cong_bo.tinh_den IS
'Thời điểm cuối cùng mà nguồn cho biết khi ấy, giờ Việt Nam; NULL: chưa nạp lô nào.';
GRANT SELECT ON mart.nguon_cong_bo TO cchc_bi, cchc_steward, cchc_don_vi;
