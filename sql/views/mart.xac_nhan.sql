-- With the owner's rights: of the ledger it shows who confirmed what and when, which is for everybody.
CREATE VIEW mart.xac_nhan AS
SELECT
    h.ky,
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    h.han,
    CASE
        WHEN s.so IS NULL THEN 'chua'
        WHEN NOT (s.noi_dung ->> 'dong_y')::boolean THEN 'tu_choi'
        WHEN s.noi_dung ->> 'dau_con_so' = core.dau_con_so(h.ky, d.ma_don_vi) THEN 'da_xac_nhan'
        ELSE 'da_doi'
    END AS trang_thai,
    s.luc AT TIME ZONE 'Asia/Ho_Chi_Minh' AS luc,
    s.nguoi,
    s.ly_do,
    s.so AS so_cai,
    CASE
        WHEN s.so IS NULL THEN h.han < (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
        ELSE h.han < (s.luc AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    END AS tre
FROM core.han_nop AS h
INNER JOIN ops.period AS p ON h.ky = p.ky
INNER JOIN core.don_vi AS d ON h.den_ngay BETWEEN d.valid_from AND d.valid_to AND d.theo_doi AND d.cap = ANY(h.cap)
LEFT JOIN
    LATERAL (
        SELECT c.*
        FROM ops.so_cai AS c
        WHERE c.ky = h.ky AND c.loai = 'xac_nhan' AND c.ma_don_vi = d.ma_don_vi
        ORDER BY c.so DESC
        LIMIT 1
    ) AS s
    ON TRUE
WHERE
    h.loai = 'xac_nhan'
    AND h.ky_loai = 'thang';
COMMENT ON VIEW mart.xac_nhan IS
'Một dòng = một đơn vị phải xác nhận con số của một tháng: đã hay chưa, ai, lúc nào.';
COMMENT ON COLUMN mart.xac_nhan.ky IS 'Tháng, 2025-03.';
COMMENT ON COLUMN mart.xac_nhan.ma_don_vi IS 'Đơn vị có hiệu lực và được theo dõi vào ngày cuối tháng.';
COMMENT ON COLUMN mart.xac_nhan.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.xac_nhan.cap IS 'Cấp: so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.xac_nhan.han IS 'Ngày cuối cùng còn đúng hạn (xac_nhan_thang); NULL: chưa biết hạn.';
COMMENT ON COLUMN mart.xac_nhan.trang_thai IS
'chua: chưa trả lời; da_xac_nhan; tu_choi: con số chưa đúng; da_doi: con số đã khác từ khi xác nhận.';
COMMENT ON COLUMN mart.xac_nhan.luc IS 'Lúc trả lời gần nhất, giờ Việt Nam.';
COMMENT ON COLUMN mart.xac_nhan.nguoi IS 'Tên đăng nhập của người trả lời.';
COMMENT ON COLUMN mart.xac_nhan.ly_do IS 'Lý do mà người trả lời nêu.';
COMMENT ON COLUMN mart.xac_nhan.so_cai IS 'Dòng sổ (ops.so_cai) của câu trả lời.';
COMMENT ON COLUMN mart.xac_nhan.tre IS 'TRUE: đã quá hạn mà chưa trả lời, hoặc trả lời sau hạn.';
GRANT SELECT ON mart.xac_nhan TO cchc_bi, cchc_steward, cchc_don_vi;
