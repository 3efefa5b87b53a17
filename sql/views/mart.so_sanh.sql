CREATE VIEW mart.so_sanh WITH (security_invoker = on) AS
SELECT
    c.ky_loai,
    c.ky,
    c.tu_ngay,
    c.den_ngay,
    c.ma_chi_so,
    c.phien_ban,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.gia_tri,
    truoc.ky AS ky_truoc,
    truoc.gia_tri AS gia_tri_ky_truoc,
    c.gia_tri - truoc.gia_tri AS so_ky_truoc,
    nam_truoc.ky AS ky_nam_truoc,
    nam_truoc.gia_tri AS gia_tri_nam_truoc,
    c.gia_tri - nam_truoc.gia_tri AS so_nam_truoc,
    c.muc_tieu,
    CASE dn.chieu WHEN 'giam' THEN c.muc_tieu - c.gia_tri ELSE c.gia_tri - c.muc_tieu END AS cach_muc_tieu,
    CASE
        WHEN c.gia_tri IS NOT NULL AND dn.chieu IS NOT NULL AND c.ma_don_vi NOT LIKE 'TONG%'
            THEN rank() OVER (
                PARTITION BY c.ky_loai, c.ky, c.ma_chi_so, c.cap, c.ma_don_vi LIKE 'TONG%'
                ORDER BY CASE dn.chieu WHEN 'giam' THEN -c.gia_tri ELSE c.gia_tri END DESC NULLS LAST
            )
    END AS hang,
    CASE
        WHEN c.ma_don_vi NOT LIKE 'TONG%'
            THEN count(c.gia_tri) OVER (
                PARTITION BY c.ky_loai, c.ky, c.ma_chi_so, c.cap, c.ma_don_vi LIKE 'TONG%'
            )
    END AS so_don_vi_xep_hang
FROM mart.ky AS k
-- One row each, and said so: a planner that expects more of them reads all figures of all periods.
LEFT JOIN LATERAL (
    SELECT t.ky FROM mart.ky AS t
    WHERE
        t.ky_loai = k.ky_loai
        AND CASE k.ky_loai
            WHEN 'luy_ke'
                THEN k.tu_ngay = t.tu_ngay AND date_trunc('month', k.den_ngay)::date = t.den_ngay + 1
            ELSE
                k.tu_ngay = t.den_ngay + 1
                AND age(k.den_ngay + 1, k.tu_ngay) = age(t.den_ngay + 1, t.tu_ngay)
        END
    ORDER BY t.ky ASC
    LIMIT 1
) AS k_truoc ON TRUE
LEFT JOIN LATERAL (
    SELECT t.ky FROM mart.ky AS t
    WHERE
        t.ky_loai = k.ky_loai
        AND k.tu_ngay = (t.tu_ngay + interval '1 year')::date
        AND k.den_ngay + 1 = (t.den_ngay + 1 + interval '1 year')::date
    ORDER BY t.ky ASC
    LIMIT 1
) AS k_nam ON TRUE
INNER JOIN mart.chi_so AS c ON k.ky_loai = c.ky_loai AND k.ky = c.ky
INNER JOIN mart.dinh_nghia AS dn ON c.ma_chi_so = dn.ma_chi_so AND c.phien_ban = dn.phien_ban
LEFT JOIN mart.chi_so AS truoc
    ON
        c.ky_loai = truoc.ky_loai
        AND k_truoc.ky = truoc.ky
        AND c.ma_chi_so = truoc.ma_chi_so
        AND c.ma_don_vi = truoc.ma_don_vi
LEFT JOIN mart.chi_so AS nam_truoc
    ON
        c.ky_loai = nam_truoc.ky_loai
        AND k_nam.ky = nam_truoc.ky
        AND c.ma_chi_so = nam_truoc.ma_chi_so
        AND c.ma_don_vi = nam_truoc.ma_don_vi;
COMMENT ON VIEW mart.so_sanh IS
'Một dòng = một con số của mart.chi_so so với kỳ trước, cùng kỳ năm trước, chỉ tiêu, và hạng trong cấp.';
COMMENT ON COLUMN mart.so_sanh.ky_loai IS 'Loại kỳ, xem mart.ky.';
COMMENT ON COLUMN mart.so_sanh.ky IS 'Kỳ.';
COMMENT ON COLUMN mart.so_sanh.tu_ngay IS 'Ngày đầu kỳ.';
COMMENT ON COLUMN mart.so_sanh.den_ngay IS 'Ngày cuối kỳ.';
COMMENT ON COLUMN mart.so_sanh.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN mart.so_sanh.phien_ban IS 'Phiên bản định nghĩa.';
COMMENT ON COLUMN mart.so_sanh.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>.';
COMMENT ON COLUMN mart.so_sanh.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.so_sanh.cap IS 'Cấp.';
COMMENT ON COLUMN mart.so_sanh.gia_tri IS 'Giá trị của kỳ.';
COMMENT ON COLUMN mart.so_sanh.ky_truoc IS
'Kỳ liền trước cùng loại và cùng độ dài; luỹ kế: đến hết tháng trước trong năm.';
COMMENT ON COLUMN mart.so_sanh.gia_tri_ky_truoc IS 'Giá trị của kỳ trước ở cùng mã đơn vị; NULL khi đơn vị chưa có.';
COMMENT ON COLUMN mart.so_sanh.so_ky_truoc IS 'Tăng, giảm so với kỳ trước (điểm phần trăm, số hoặc điểm).';
COMMENT ON COLUMN mart.so_sanh.ky_nam_truoc IS 'Cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.gia_tri_nam_truoc IS 'Giá trị cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.so_nam_truoc IS 'Tăng, giảm so với cùng kỳ năm trước.';
COMMENT ON COLUMN mart.so_sanh.muc_tieu IS 'Chỉ tiêu của cấp.';
COMMENT ON COLUMN mart.so_sanh.cach_muc_tieu IS
'Vượt (dương) hay còn thiếu (âm) so với chỉ tiêu, theo chiều của chỉ số.';
COMMENT ON COLUMN mart.so_sanh.hang IS
'Hạng trong cấp, 1 là tốt nhất; bằng nhau thì cùng hạng; NULL với dòng tổng và khi không có giá trị.';
COMMENT ON COLUMN mart.so_sanh.so_don_vi_xep_hang IS 'Số đơn vị của cấp có giá trị.';
GRANT SELECT ON mart.so_sanh TO cchc_bi, cchc_steward, cchc_don_vi;
