-- One row is a figure of the month :ky of the unit :don_vi (or TONG:<cap>), in the order of display. Reads only.
SELECT
    d.ten AS ten_chi_so,
    d.loai,
    c.gia_tri,
    c.muc_tieu,
    c.dat
FROM mart.chi_so AS c
INNER JOIN mart.dinh_nghia AS d ON c.ma_chi_so = d.ma_chi_so AND c.phien_ban = d.phien_ban
WHERE c.ky_loai = 'thang' AND c.ky = :ky AND c.ma_don_vi = :don_vi
ORDER BY d.thu_tu;
