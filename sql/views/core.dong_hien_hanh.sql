-- Lines of all datasets that the lists of faults look for, to be asked for one by one; of all units, whoever asks:
-- a line is corrected also where another unit answers for the newer one.
CREATE VIEW core.dong_hien_hanh AS
SELECT
    'don_vi' AS dataset,
    p.ma_don_vi AS khoa,
    p.ma_don_vi AS khoa_tim,
    p.thoi_diem,
    p.batch_id,
    p.line_no
FROM core.don_vi_phien_ban AS p
WHERE
    NOT EXISTS (
        SELECT 1 FROM core.don_vi_phien_ban AS sau
        WHERE sau.ma_don_vi = p.ma_don_vi AND (sau.thoi_diem, sau.van_tay) > (p.thoi_diem, p.van_tay)
    )
-- other facts: a branch each, made from their contracts
UNION ALL
SELECT
    'tthc' AS dataset,
    p.ma_tthc AS khoa,
    p.ma_tthc AS khoa_tim,
    p.thoi_diem,
    p.batch_id,
    p.line_no
FROM core.tthc_phien_ban AS p
WHERE
    NOT EXISTS (
        SELECT 1 FROM core.tthc_phien_ban AS sau
        WHERE sau.ma_tthc = p.ma_tthc AND (sau.thoi_diem, sau.van_tay) > (p.thoi_diem, p.van_tay)
    )
UNION ALL
SELECT
    'khai_bao' AS dataset,
    concat_ws(' ', k.ma_so_lieu, k.ma_don_vi, k.ky) AS khoa,
    k.ma_don_vi AS khoa_tim,
    k.ngay_khai AS thoi_diem,
    k.batch_id,
    k.line_no
FROM core.khai_bao AS k
WHERE
    NOT EXISTS (
        SELECT 1 FROM core.khai_bao AS sau
        WHERE
            sau.ma_don_vi = k.ma_don_vi AND sau.ky = k.ky AND sau.ma_so_lieu = k.ma_so_lieu
            AND (sau.ngay_khai, sau.gia_tri) > (k.ngay_khai, k.gia_tri)
    )
UNION ALL
SELECT
    'danh_gia' AS dataset,
    concat_ws(' ', ma_ho_so, thoi_gian_danh_gia) AS khoa,
    ma_ho_so AS khoa_tim,
    ngay_cap_nhat AS thoi_diem,
    batch_id,
    line_no
FROM core.danh_gia
UNION ALL
SELECT
    'qua_trinh' AS dataset,
    concat_ws(' ', ma_ho_so, trang_thai) AS khoa,
    ma_ho_so AS khoa_tim,
    thoi_gian AS thoi_diem,
    batch_id,
    line_no
FROM core.qua_trinh;
COMMENT ON VIEW core.dong_hien_hanh IS
'Một dòng = dòng của tệp mà trạng thái mới nhất của một hồ sơ, đơn vị, thủ tục lấy từ đó. Mỗi bộ dữ liệu một nhánh.';
COMMENT ON COLUMN core.dong_hien_hanh.khoa IS
'Khoá của dòng như ops.line_finding ghi: các phần cách nhau một dấu cách.';
COMMENT ON COLUMN core.dong_hien_hanh.khoa_tim IS
'Phần của khoa mà bảng có chỉ mục: hỏi theo khoa thì hỏi cả cột này, nếu không bảng bị đọc hết.';
