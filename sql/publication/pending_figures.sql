-- Brings mart.con_so_cho in line for the closed periods :kinds, :names: one row is a figure that is not what was
-- published, as it would be counted now. TEMP TABLE so_moi holds it for keep_parts.sql. A score has no rows of its own.
DROP TABLE IF EXISTS so_moi;

CREATE TEMP TABLE so_moi (LIKE mart.chi_so) ON COMMIT DROP;

INSERT INTO so_moi
SELECT s.*
FROM core.tinh_chi_so(CAST(:kinds AS text[]), CAST(:names AS text[]), NULL, FALSE, FALSE) AS s
INNER JOIN mart.dinh_nghia AS dn ON s.ma_chi_so = dn.ma_chi_so AND s.phien_ban = dn.phien_ban
WHERE dn.loai <> 'diem';

DELETE FROM mart.con_so_cho AS c
USING unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS p (ky_loai, ky)
WHERE c.ky_loai = p.ky_loai AND c.ky = p.ky;

INSERT INTO mart.con_so_cho
SELECT moi.*
FROM so_moi AS moi
LEFT JOIN mart.chi_so AS cu
    ON
        moi.ky_loai = cu.ky_loai
        AND moi.ky = cu.ky
        AND moi.ma_chi_so = cu.ma_chi_so
        AND moi.ma_don_vi = cu.ma_don_vi
WHERE
    cu.ma_chi_so IS NULL
    OR (moi.tu_so, moi.mau_so, moi.gia_tri, moi.phien_ban, moi.muc_tieu, moi.dat)
    IS DISTINCT FROM (cu.tu_so, cu.mau_so, cu.gia_tri, cu.phien_ban, cu.muc_tieu, cu.dat);

-- A unit that answers for nothing any more has no figure: what was published of it goes.
INSERT INTO mart.con_so_cho (
    ky_loai, ky, tu_ngay, den_ngay, ma_chi_so, phien_ban, ma_don_vi, ten_don_vi, cap, tu_so, mau_so, gia_tri,
    ly_do_na, muc_tieu, dat, trang_thai, revision, as_of
)
SELECT
    cu.ky_loai,
    cu.ky,
    cu.tu_ngay,
    cu.den_ngay,
    cu.ma_chi_so,
    cu.phien_ban,
    cu.ma_don_vi,
    cu.ten_don_vi,
    cu.cap,
    NULL AS tu_so,
    NULL AS mau_so,
    NULL AS gia_tri,
    'Đơn vị không còn trả lời cho kỳ này' AS ly_do_na,
    NULL AS muc_tieu,
    NULL AS dat,
    'tam_tinh' AS trang_thai,
    0 AS revision,
    cu.as_of
FROM mart.chi_so AS cu
INNER JOIN unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS p (ky_loai, ky)
    ON cu.ky_loai = p.ky_loai AND cu.ky = p.ky
INNER JOIN mart.dinh_nghia AS dn ON cu.ma_chi_so = dn.ma_chi_so AND cu.phien_ban = dn.phien_ban
WHERE
    dn.loai <> 'diem'
    AND NOT EXISTS (
        SELECT FROM so_moi AS m
        WHERE
            m.ky_loai = cu.ky_loai AND m.ky = cu.ky AND m.ma_chi_so = cu.ma_chi_so AND m.ma_don_vi = cu.ma_don_vi
    );
