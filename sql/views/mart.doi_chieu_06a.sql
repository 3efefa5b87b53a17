CREATE VIEW mart.doi_chieu_06a WITH (security_invoker = on) AS
WITH ky_truoc AS (
    SELECT
        k.ky_loai,
        k.ky,
        k.den_ngay,
        truoc.ky AS ky_truoc
    FROM mart.ky AS k
    INNER JOIN mart.ky AS truoc
        ON k.ky_loai = truoc.ky_loai AND k.tu_ngay = truoc.den_ngay + 1 AND truoc.ly_do_na IS NULL
    WHERE age(k.den_ngay + 1, k.tu_ngay) = age(truoc.den_ngay + 1, truoc.tu_ngay)
)

SELECT
    k.ky_loai,
    k.ky,
    k.ky_truoc,
    nay.ma_don_vi,
    nay.ten_don_vi,
    nay.cap,
    nay.ton_cuoi AS ton_cuoi_ky_truoc,
    nay.cot_6 AS tu_ky_truoc,
    nay.cot_6 - nay.ton_cuoi AS chenh_lech
FROM ky_truoc AS k
-- Of each period by itself: whoever asks for one does not wait for all.
CROSS JOIN
    LATERAL (
        SELECT
            sau.ma_don_vi,
            sau.ten_don_vi,
            sau.cap,
            sau.cot_6,
            coalesce(ton.ton_cuoi, 0) AS ton_cuoi
        FROM mart.bieu_06a AS sau
        LEFT JOIN (
            -- Whoever answers at the end of the period answers for what its predecessors left open.
            SELECT
                coalesce(d.ma_don_vi, core.ma_tong(coalesce(d.cap, 'toan_tinh'))) AS ma_don_vi,
                sum(truoc.cot_11) AS ton_cuoi
            FROM core.don_vi_cho_bi(k.den_ngay) AS d
            INNER JOIN mart.bieu_06a AS truoc
                ON
                    k.ky_loai = truoc.ky_loai
                    AND k.ky_truoc = truoc.ky
                    AND d.ma_goc = truoc.ma_don_vi
                    AND truoc.ma_linh_vuc = ''
            GROUP BY GROUPING SETS ((d.ma_don_vi), (d.cap), ())
        ) AS ton ON sau.ma_don_vi = ton.ma_don_vi
        WHERE k.ky_loai = sau.ky_loai AND k.ky = sau.ky AND sau.ma_linh_vuc = ''
    ) AS nay;
COMMENT ON VIEW mart.doi_chieu_06a IS
'Một dòng = cột 6 của một đơn vị trong một kỳ so với cột 11 của kỳ trước, kể cả phần của các đơn vị mà nó kế thừa.
Lệch là do hồ sơ mở lại, xoá, sửa giữa hai lần tính.';
COMMENT ON COLUMN mart.doi_chieu_06a.ky_loai IS 'Loại kỳ.';
COMMENT ON COLUMN mart.doi_chieu_06a.ky IS 'Kỳ.';
COMMENT ON COLUMN mart.doi_chieu_06a.ky_truoc IS 'Kỳ liền trước.';
COMMENT ON COLUMN mart.doi_chieu_06a.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>.';
COMMENT ON COLUMN mart.doi_chieu_06a.ten_don_vi IS 'Tên đơn vị.';
COMMENT ON COLUMN mart.doi_chieu_06a.cap IS 'Cấp.';
COMMENT ON COLUMN mart.doi_chieu_06a.ton_cuoi_ky_truoc IS
'Cột 11 của kỳ trước, của đơn vị ấy và những đơn vị mà nó kế thừa đến ngày cuối kỳ.';
COMMENT ON COLUMN mart.doi_chieu_06a.tu_ky_truoc IS 'Cột 6 của kỳ này.';
COMMENT ON COLUMN mart.doi_chieu_06a.chenh_lech IS 'Cột 6 trừ cột 11 kỳ trước.';
GRANT SELECT ON mart.doi_chieu_06a TO cchc_bi, cchc_steward, cchc_don_vi;
