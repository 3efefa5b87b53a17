CREATE VIEW mart.day_du WITH (security_invoker = on) AS
WITH dong AS (
    SELECT
        n.ky,
        n.tu_ngay,
        n.den_ngay,
        n.loai,
        n.dataset AS doi_tuong,
        n.ten,
        n.he_thong,
        CAST(NULL AS text) AS ma_don_vi,
        CAST(NULL AS text) AS ten_don_vi,
        CAST(NULL AS text) AS cap,
        n.han,
        n.phai_co,
        n.da_co,
        n.dung_han,
        CASE WHEN n.da_co = n.phai_co THEN n.cuoi_luc END AS du_luc,
        n.tre_ngay,
        n.biet_den
    FROM core.nhan_du_lieu AS n
    UNION ALL
    SELECT
        k.ky,
        k.tu_ngay,
        k.den_ngay,
        'khai_bao' AS loai,
        'khai_bao' AS doi_tuong,
        'Phiếu khai báo của đơn vị' AS ten,
        'don_vi' AS he_thong,
        k.ma_don_vi,
        k.ten_don_vi,
        k.cap,
        k.han,
        k.phai_co,
        k.da_co,
        k.dung_han,
        CASE WHEN k.da_co = k.phai_co THEN k.cuoi_luc END AS du_luc,
        greatest(
            CASE WHEN k.da_co = k.phai_co THEN k.cuoi_luc::date ELSE (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date END
            - k.han,
            0
        ) AS tre_ngay,
        k.cuoi_luc AS biet_den
    FROM core.nop_khai_bao AS k
    -- A month is declared when it is over.
    WHERE k.den_ngay < (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
)

SELECT
    ky,
    tu_ngay,
    den_ngay,
    loai,
    CASE loai
        WHEN 'du_lieu' THEN 'Dữ liệu từng ngày'
        WHEN 'doi_chieu' THEN 'Đối chiếu với nguồn'
        ELSE 'Phiếu khai báo'
    END AS ten_loai,
    doi_tuong,
    ten,
    he_thong,
    ma_don_vi,
    ten_don_vi,
    cap,
    han,
    phai_co,
    da_co,
    CASE WHEN han IS NOT NULL THEN dung_han END AS dung_han,
    round(100.0 * da_co / nullif(phai_co, 0), 2) AS ty_le_day_du,
    CASE WHEN han IS NOT NULL THEN round(100.0 * dung_han / nullif(phai_co, 0), 2) END AS ty_le_dung_han,
    du_luc,
    CASE WHEN han IS NOT NULL THEN tre_ngay END AS tre_ngay,
    biet_den
FROM dong;
COMMENT ON VIEW mart.day_du IS
'Một dòng = những gì phải có của một tháng từ một nguồn, hoặc từ một đơn vị: phải có, đã có, đúng hạn. Đọc theo ky.';
COMMENT ON COLUMN mart.day_du.ky IS 'Tháng, 2025-03.';
COMMENT ON COLUMN mart.day_du.tu_ngay IS 'Ngày đầu tháng.';
COMMENT ON COLUMN mart.day_du.den_ngay IS 'Ngày cuối tháng.';
COMMENT ON COLUMN mart.day_du.loai IS
'du_lieu: dữ liệu kéo mỗi ngày; doi_chieu: đối chiếu tổng số với nguồn; khai_bao: phiếu của đơn vị.';
COMMENT ON COLUMN mart.day_du.ten_loai IS 'loai bằng chữ.';
COMMENT ON COLUMN mart.day_du.doi_tuong IS 'Bộ dữ liệu.';
COMMENT ON COLUMN mart.day_du.ten IS 'Tên bộ dữ liệu.';
COMMENT ON COLUMN mart.day_du.he_thong IS 'Hệ thống nguồn: tthc, qlvb; don_vi: đơn vị tự khai.';
COMMENT ON COLUMN mart.day_du.ma_don_vi IS 'Đơn vị phải khai, có hiệu lực vào ngày cuối tháng; NULL khi là nguồn.';
COMMENT ON COLUMN mart.day_du.ten_don_vi IS 'Tên đơn vị; NULL khi là nguồn.';
COMMENT ON COLUMN mart.day_du.cap IS 'Cấp của đơn vị; NULL khi là nguồn.';
COMMENT ON COLUMN mart.day_du.han IS
'Ngày cuối cùng còn đúng hạn, theo sql/reference/ky_han.csv; của du_lieu là hạn của ngày cuối tháng; NULL: chưa biết.';
COMMENT ON COLUMN mart.day_du.phai_co IS
'Phải có: du_lieu đếm ngày đã qua, doi_chieu đếm lần, khai_bao đếm số liệu của phiếu.';
COMMENT ON COLUMN mart.day_du.da_co IS 'Đã có, cùng đơn vị đếm với phai_co.';
COMMENT ON COLUMN mart.day_du.dung_han IS
'Có đúng hạn: du_lieu, doi_chieu theo lúc kho nhận; khai_bao theo ngày giờ khai lần đầu. NULL: chưa biết hạn.';
COMMENT ON COLUMN mart.day_du.ty_le_day_du IS '100 × da_co / phai_co; NULL khi chưa phải có gì.';
COMMENT ON COLUMN mart.day_du.ty_le_dung_han IS '100 × dung_han / phai_co; NULL khi chưa biết hạn.';
COMMENT ON COLUMN mart.day_du.du_luc IS 'Lúc có đủ, giờ Việt Nam; NULL khi còn thiếu.';
COMMENT ON COLUMN mart.day_du.tre_ngay IS
'Số ngày trễ của phần trễ nhất; còn thiếu thì tính đến hôm nay; 0 khi không trễ; NULL khi chưa biết hạn.';
COMMENT ON COLUMN mart.day_du.biet_den IS
'Lúc cuối cùng mà nguồn cho biết, hoặc đơn vị khai lần đầu một số liệu, giờ Việt Nam.';
GRANT SELECT ON mart.day_du TO cchc_bi, cchc_steward, cchc_don_vi;
