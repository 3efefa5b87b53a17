-- With the owner's rights: who did what and why is for everybody, of what was published the hashes.
CREATE VIEW mart.so_cai AS
SELECT
    s.so,
    s.loai,
    CASE s.loai
        WHEN 'xac_nhan'
            THEN CASE WHEN (s.noi_dung ->> 'dong_y')::boolean THEN 'Đơn vị xác nhận' ELSE 'Đơn vị không xác nhận' END
        WHEN 'chot' THEN 'Chốt'
        WHEN 'tam_cong_bo' THEN 'Công bố tạm'
        WHEN 'dinh_chinh' THEN 'Đính chính'
        ELSE 'Cho ngoại lệ'
    END AS ten_loai,
    s.ky,
    s.ma_don_vi,
    d.ten_don_vi,
    s.noi_dung ->> 'dataset' AS dataset,
    (s.noi_dung ->> 'den')::date AS ngoai_le_den,
    s.luc AT TIME ZONE 'Asia/Ho_Chi_Minh' AS luc,
    s.nguoi,
    s.nguoi_duyet,
    s.ly_do,
    k.cac_ky,
    s.ma_bam_truoc,
    s.ma_bam
FROM ops.so_cai AS s
LEFT JOIN mart.danh_muc_don_vi AS d ON s.ma_don_vi = d.ma_don_vi
CROSS JOIN
    LATERAL (
        SELECT coalesce(array_agg(x.ky_loai || ' ' || x.ky ORDER BY x.ky_loai, x.ky), '{}') AS cac_ky
        FROM jsonb_to_recordset(coalesce(s.noi_dung -> 'ky', '[]')) AS x (ky_loai text, ky text)
    ) AS k;
COMMENT ON VIEW mart.so_cai IS 'Một dòng = một dòng của sổ công bố: ai đã xác nhận, chốt, đính chính, vì sao.';
COMMENT ON COLUMN mart.so_cai.so IS 'Số thứ tự, liền nhau từ 1.';
COMMENT ON COLUMN mart.so_cai.loai IS
'xac_nhan: xác nhận; chot: chốt; tam_cong_bo: công bố tạm; dinh_chinh: đính chính; ngoai_le: ngoại lệ.';
COMMENT ON COLUMN mart.so_cai.ten_loai IS 'loai bằng chữ.';
COMMENT ON COLUMN mart.so_cai.ky IS 'Tháng.';
COMMENT ON COLUMN mart.so_cai.ma_don_vi IS 'Đơn vị xác nhận, hoặc được ngoại lệ.';
COMMENT ON COLUMN mart.so_cai.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.so_cai.dataset IS 'Bộ dữ liệu được ngoại lệ.';
COMMENT ON COLUMN mart.so_cai.ngoai_le_den IS 'Ngày cuối của ngoại lệ.';
COMMENT ON COLUMN mart.so_cai.luc IS 'Lúc ghi, giờ Việt Nam.';
COMMENT ON COLUMN mart.so_cai.nguoi IS 'Tên đăng nhập của người làm; lich: lịch chạy.';
COMMENT ON COLUMN mart.so_cai.nguoi_duyet IS 'Tên đăng nhập của người duyệt; không bao giờ là người làm.';
COMMENT ON COLUMN mart.so_cai.ly_do IS 'Lý do.';
COMMENT ON COLUMN mart.so_cai.cac_ky IS 'Các kỳ đã công bố: "thang 2025-03".';
COMMENT ON COLUMN mart.so_cai.ma_bam_truoc IS 'SHA-256 của dòng trước.';
COMMENT ON COLUMN mart.so_cai.ma_bam IS 'SHA-256 của dòng này, gồm cả dòng trước; in trên văn bản chính thức.';
GRANT SELECT ON mart.so_cai TO cchc_bi, cchc_steward, cchc_don_vi;
