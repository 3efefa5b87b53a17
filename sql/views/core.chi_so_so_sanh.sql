-- All of mart.chi_so, compared: mart.so_sanh and mart.chi_so_day_du take what they show from here.
--
-- Ranks are worked out by themselves: who asks for a unit has the figures of all units of its periods ranked, and only
-- its own led back to the periods before. Who asks for a level has only that level ranked.
CREATE VIEW core.chi_so_so_sanh WITH (security_invoker = on) AS
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
    c.tu_so,
    c.mau_so,
    c.gia_tri,
    c.ly_do_na,
    c.dat,
    c.trang_thai,
    c.revision,
    c.as_of,
    truoc.ky AS ky_truoc,
    truoc.gia_tri AS gia_tri_ky_truoc,
    c.gia_tri - truoc.gia_tri AS so_ky_truoc,
    nam_truoc.ky AS ky_nam_truoc,
    nam_truoc.gia_tri AS gia_tri_nam_truoc,
    c.gia_tri - nam_truoc.gia_tri AS so_nam_truoc,
    c.muc_tieu,
    CASE dn.chieu WHEN 'giam' THEN c.muc_tieu - c.gia_tri ELSE c.gia_tri - c.muc_tieu END AS cach_muc_tieu,
    CASE WHEN c.gia_tri IS NOT NULL AND dn.chieu IS NOT NULL THEN h.hang END AS hang,
    h.so_don_vi_xep_hang
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
        AND c.ma_don_vi = nam_truoc.ma_don_vi
LEFT JOIN (
    SELECT
        x.ky_loai,
        x.ky,
        x.ma_chi_so,
        x.cap,
        x.ma_don_vi,
        rank() OVER (
            PARTITION BY x.ky_loai, x.ky, x.ma_chi_so, x.cap
            ORDER BY CASE dx.chieu WHEN 'giam' THEN -x.gia_tri ELSE x.gia_tri END DESC NULLS LAST
        ) AS hang,
        count(x.gia_tri) OVER (PARTITION BY x.ky_loai, x.ky, x.ma_chi_so, x.cap) AS so_don_vi_xep_hang
    FROM mart.chi_so AS x
    INNER JOIN mart.dinh_nghia AS dx ON x.ma_chi_so = dx.ma_chi_so AND x.phien_ban = dx.phien_ban
    WHERE x.ma_don_vi NOT LIKE 'TONG%'
) AS h
    ON
        c.ky_loai = h.ky_loai
        AND c.ky = h.ky
        AND c.ma_chi_so = h.ma_chi_so
        AND c.cap = h.cap
        AND c.ma_don_vi = h.ma_don_vi;
COMMENT ON VIEW core.chi_so_so_sanh IS
'Một dòng = một con số của mart.chi_so, so với kỳ trước, cùng kỳ năm trước, chỉ tiêu, và hạng; mart.so_sanh và '
'mart.chi_so_day_du lấy từ đây.';
GRANT SELECT ON core.chi_so_so_sanh TO cchc_bi, cchc_steward, cchc_don_vi;
