-- Warnings about loaded lines whose key may not be kept were never listed: they stand while core goes by the line.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.
UPDATE ops.line_finding AS f
SET
    khoa_an = md5(h.khoa),
    con_loi = f.rule_ids
FROM (
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
    FROM core.qua_trinh
) AS h
INNER JOIN ops.batch AS b ON h.batch_id = b.batch_id AND h.dataset = b.dataset
WHERE
    b.status = 'loaded'
    AND f.batch_id = h.batch_id
    AND f.line_no = h.line_no
    AND f.khoa IS NULL
    AND NOT f.bi_loai;
