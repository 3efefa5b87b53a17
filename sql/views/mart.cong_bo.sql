-- With the owner's rights: of ledger and waiting rows it shows who, when and how many.
CREATE VIEW mart.cong_bo AS
SELECT
    p.ky,
    CASE
        WHEN s.loai IN ('chot', 'dinh_chinh') THEN 'da_chot'
        WHEN s.loai = 'tam_cong_bo' THEN 'tam_cong_bo'
        ELSE 'tam_tinh'
    END AS trang_thai,
    coalesce(r.revision, 0) AS revision,
    s.so AS so_cai,
    s.ma_bam,
    s.luc AT TIME ZONE 'Asia/Ho_Chi_Minh' AS luc,
    s.nguoi,
    s.nguoi_duyet,
    s.ly_do,
    coalesce(x.phai, 0) AS don_vi_phai,
    coalesce(x.da, 0) AS don_vi_da_xac_nhan,
    coalesce(d.so_dong, 0) AS dong_cho,
    coalesce(c.so_con_so, 0) AS con_so_cho
FROM ops.period AS p
LEFT JOIN
    LATERAL (
        SELECT e.*
        FROM ops.so_cai AS e
        WHERE e.ky = p.ky AND e.loai IN ('chot', 'dinh_chinh', 'tam_cong_bo')
        ORDER BY e.so DESC
        LIMIT 1
    ) AS s
    ON TRUE
LEFT JOIN
    LATERAL (
        SELECT max(f.revision) AS revision
        FROM mart.chi_so AS f
        WHERE f.ky_loai = 'thang' AND f.ky = p.ky
    ) AS r
    ON TRUE
LEFT JOIN
    LATERAL (
        SELECT
            count(*) AS phai,
            count(*) FILTER (WHERE n.trang_thai = 'da_xac_nhan') AS da
        FROM mart.xac_nhan AS n
        WHERE n.ky = p.ky
    ) AS x
    ON TRUE
LEFT JOIN
    LATERAL (
        SELECT count(*) AS so_dong
        FROM core.dong_cho AS w
        WHERE w.ky = p.ky
    ) AS d
    ON TRUE
LEFT JOIN
    LATERAL (
        SELECT count(*) AS so_con_so
        FROM mart.con_so_cho AS w
        WHERE w.ky_loai = 'thang' AND w.ky = p.ky
    ) AS c
    ON TRUE;
COMMENT ON VIEW mart.cong_bo IS 'Một dòng = một tháng có dữ liệu: tạm tính, công bố tạm hay đã chốt; gì đang chờ.';
COMMENT ON COLUMN mart.cong_bo.ky IS 'Tháng, 2025-03.';
COMMENT ON COLUMN mart.cong_bo.trang_thai IS
'tam_tinh: theo dữ liệu; tam_cong_bo: đã công bố tạm, chưa chốt; da_chot: đã chốt.';
COMMENT ON COLUMN mart.cong_bo.revision IS 'Lần sửa của tháng; 0: bản chốt đầu, hoặc chưa chốt.';
COMMENT ON COLUMN mart.cong_bo.so_cai IS 'Dòng sổ đã công bố bản đang dùng.';
COMMENT ON COLUMN mart.cong_bo.ma_bam IS 'SHA-256 của dòng sổ ấy.';
COMMENT ON COLUMN mart.cong_bo.luc IS 'Lúc công bố, giờ Việt Nam.';
COMMENT ON COLUMN mart.cong_bo.nguoi IS 'Tên đăng nhập của người đề nghị; lich: lịch chạy.';
COMMENT ON COLUMN mart.cong_bo.nguoi_duyet IS 'Tên đăng nhập của người duyệt.';
COMMENT ON COLUMN mart.cong_bo.ly_do IS 'Lý do.';
COMMENT ON COLUMN mart.cong_bo.don_vi_phai IS 'Số đơn vị phải xác nhận.';
COMMENT ON COLUMN mart.cong_bo.don_vi_da_xac_nhan IS 'Số đơn vị đã xác nhận con số như hiện nay.';
COMMENT ON COLUMN mart.cong_bo.dong_cho IS 'Số dòng dữ liệu khác với bản đã chốt: chờ đính chính.';
COMMENT ON COLUMN mart.cong_bo.con_so_cho IS 'Số con số của tháng sẽ đổi khi đính chính.';
GRANT SELECT ON mart.cong_bo TO cchc_bi, cchc_steward, cchc_don_vi;
