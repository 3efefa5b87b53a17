-- One row is one cause's part of a change of a figure of one unit in a period, between two revisions that follow
-- each other or, where :cho, between the published one and what waits; the figure of which most rows differ first.
-- Reads only.
SELECT
    t.ma_chi_so,
    d.ten,
    d.loai,
    t.tu_revision,
    t.den_revision,
    t.tu_so_truoc,
    t.tu_so_sau,
    t.mau_so_truoc,
    t.mau_so_sau,
    t.gia_tri_truoc,
    t.gia_tri_sau,
    t.nguyen_nhan,
    t.tu_so,
    t.mau_so,
    t.so_dong
FROM mart.chi_so_thay_doi AS t
INNER JOIN (
    SELECT DISTINCT ON (x.ma_chi_so) x.*
    FROM mart.dinh_nghia AS x
    ORDER BY x.ma_chi_so ASC, x.phien_ban DESC
) AS d ON t.ma_chi_so = d.ma_chi_so
WHERE
    t.ky_loai = :ky_loai AND t.ky = :ky AND t.ma_don_vi = :don_vi
    AND (CAST(:ma AS text) IS NULL OR t.ma_chi_so = :ma)
    AND (NOT CAST(:cho AS boolean) OR t.den_revision IS NULL)
ORDER BY
    t.den_revision DESC NULLS FIRST,
    sum(t.so_dong) OVER (PARTITION BY t.ma_chi_so, t.den_revision) DESC,
    d.thu_tu ASC,
    t.ma_chi_so ASC,
    t.so_dong DESC,
    t.nguyen_nhan ASC;
