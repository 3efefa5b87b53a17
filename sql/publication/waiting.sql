-- One row is one cause's part of a figure of the province that waits for the closed month :ky. Reads only.
SELECT
    t.ky_loai,
    t.ky,
    t.ma_chi_so,
    concat_ws('/', t.tu_so_truoc, t.mau_so_truoc) || coalesce(' = ' || t.gia_tri_truoc, '') AS truoc,
    concat_ws('/', t.tu_so_sau, t.mau_so_sau) || coalesce(' = ' || t.gia_tri_sau, '') AS sau,
    t.nguyen_nhan,
    t.tu_so,
    t.mau_so,
    t.so_dong
FROM mart.chi_so_thay_doi AS t
INNER JOIN mart.ky AS k ON t.ky_loai = k.ky_loai AND t.ky = k.ky
WHERE
    t.den_revision IS NULL
    AND t.ma_don_vi = core.ma_tong('toan_tinh')
    AND (:ky || '-01')::date <= k.den_ngay
    AND (:ky || '-01')::date + interval '1 month' > k.tu_ngay
ORDER BY t.ky_loai = 'thang' DESC, t.ky_loai ASC, t.ky ASC, t.ma_chi_so ASC, t.nguyen_nhan ASC;
