-- One row is a month of the days from :tu_ngay to :den_ngay whose data changed after its figures were counted.
-- Reads only.
SELECT p.ky
FROM mart.tinh_trang_thang AS p
WHERE
    p.cho_tinh
    AND p.tu_ngay <= CAST(:den_ngay AS date)
    AND p.tu_ngay + interval '1 month' > CAST(:tu_ngay AS date)
ORDER BY p.ky;
