-- One row is one indicator of one unit in one period of a kind and as long as :ky, the oldest first; sixty at most.
-- Reads only.
SELECT
    c.ky,
    c.gia_tri,
    c.muc_tieu,
    c.tu_so,
    c.mau_so,
    c.dat,
    c.ly_do_na,
    c.trang_thai,
    c.ten_don_vi
FROM (
    SELECT *
    FROM mart.chi_so
    WHERE
        ma_chi_so = :ma AND ky_loai = :ky_loai AND ma_don_vi = :don_vi AND den_ngay <= :den_ngay
        -- Of the report regime there are months, quarters and years under one kind: 2025-03, 2025-Q1, 2025.
        AND regexp_replace(ky, '[0-9]', '0', 'g') = regexp_replace(:ky, '[0-9]', '0', 'g')
    ORDER BY den_ngay DESC, ky DESC
    LIMIT 60
) AS c
ORDER BY c.den_ngay, c.ky;
