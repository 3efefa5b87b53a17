CREATE VIEW mart.do_tin_cay_ban_dau WITH (security_invoker = on) AS
SELECT
    t.ky_loai,
    t.ma_chi_so,
    t.ma_don_vi,
    count(*) AS so_ky,
    count(*) FILTER (WHERE t.sua_doi <> 0) AS so_ky_sua,
    round(avg(abs(t.sua_doi)), 2) AS sua_doi_trung_binh,
    round(avg(t.sua_doi), 2) AS lech_trung_binh,
    max(abs(t.sua_doi)) AS sua_doi_lon_nhat
FROM (
    -- The newest revision of each figure, the first where there is no other.
    SELECT DISTINCT ON (x.ky_loai, x.ky, x.ma_chi_so, x.ma_don_vi) x.*
    FROM mart.tam_giac_sua_doi AS x
    ORDER BY x.ky_loai ASC, x.ky ASC, x.ma_chi_so ASC, x.ma_don_vi ASC, x.revision DESC
) AS t
WHERE t.sua_doi IS NOT NULL
GROUP BY t.ky_loai, t.ma_chi_so, t.ma_don_vi;
COMMENT ON VIEW mart.do_tin_cay_ban_dau IS
'Một dòng = một chỉ số của một đơn vị qua mọi kỳ đã chốt: bản đầu sau này bị sửa bao nhiêu, nghiêng về phía nào.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.ky_loai IS 'Loại kỳ.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.ma_chi_so IS 'Chỉ số.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.ma_don_vi IS 'Đơn vị hoặc dòng tổng.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.so_ky IS 'Số kỳ đã chốt có con số ở cả bản đầu và bản mới nhất.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.so_ky_sua IS 'Trong đó số kỳ mà bản mới nhất khác bản đầu.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.sua_doi_trung_binh IS
'Trung bình độ lớn sửa đổi (mean absolute revision), kể cả kỳ không sửa.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.lech_trung_binh IS
'Trung bình sửa đổi có dấu (bias): dương nghĩa là bản đầu thường thấp.';
COMMENT ON COLUMN mart.do_tin_cay_ban_dau.sua_doi_lon_nhat IS 'Sửa đổi lớn nhất, không kể dấu.';
GRANT SELECT ON mart.do_tin_cay_ban_dau TO cchc_bi, cchc_steward, cchc_don_vi;
