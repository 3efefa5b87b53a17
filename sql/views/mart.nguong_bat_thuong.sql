-- Every number that decides what mart.bat_thuong lists, with where it comes from; nowhere else are they written.
CREATE VIEW mart.nguong_bat_thuong WITH (security_invoker = on) AS
SELECT
    -- A year: each month of the year stands once among what a figure is compared with.
    12 AS so_ky_nhin_lai,
    -- Of fewer a single one moves the middle.
    6 AS so_ky_it_nhat,
    -- B. Iglewicz, D. C. Hoaglin: How to Detect and Handle Outliers (ASQC, 1993): |0.6745 (x - median) / MAD| > 3.5.
    0.6745::float8 AS he_so_mad,
    3.5::float8 AS z_toi_da,
    -- Where MAD is 0, by the mean absolute deviation: of normal values it is their spread / 1.253314, √(π/2).
    1.253314::float8 AS he_so_lech,
    -- One month of a year may have been 0, of half a year none.
    0.1::float8 AS khong_toi_da,
    -- Where most of the periods before are alike, what one dossier makes is no finding; half of one is for rounding.
    1.5::float8 AS hon_mot_ho_so,
    -- NCHS Data Presentation Standards for Proportions (Vital Health Stat 2(175), 2017): no rate of fewer than 30.
    30 AS mau_so_it_nhat;
COMMENT ON VIEW mart.nguong_bat_thuong IS 'Một dòng = các ngưỡng mà mart.bat_thuong dùng.';
COMMENT ON COLUMN mart.nguong_bat_thuong.so_ky_nhin_lai IS 'So với bao nhiêu kỳ trước.';
COMMENT ON COLUMN mart.nguong_bat_thuong.so_ky_it_nhat IS 'Ít kỳ hơn thì không kết luận.';
COMMENT ON COLUMN mart.nguong_bat_thuong.he_so_mad IS 'z = he_so_mad × (số − trung vị) / MAD.';
COMMENT ON COLUMN mart.nguong_bat_thuong.z_toi_da IS '|z| lớn hơn là bất thường (Iglewicz và Hoaglin, 1993).';
COMMENT ON COLUMN mart.nguong_bat_thuong.he_so_lech IS
'Khi MAD = 0: z = (số − trung vị) / (he_so_lech × độ lệch tuyệt đối trung bình).';
COMMENT ON COLUMN mart.nguong_bat_thuong.khong_toi_da IS
'Số 0 hoặc trống là bất thường khi không quá phần này của các kỳ trước là như vậy.';
COMMENT ON COLUMN mart.nguong_bat_thuong.hon_mot_ho_so IS
'Khi MAD = 0, chênh lệch bằng chừng này hồ sơ trở xuống không phải là bất thường: một hồ sơ, kể cả làm tròn.';
COMMENT ON COLUMN mart.nguong_bat_thuong.mau_so_it_nhat IS 'Mẫu số nhỏ hơn thì tỷ lệ không nói lên điều gì.';
GRANT SELECT ON mart.nguong_bat_thuong TO cchc_bi, cchc_steward, cchc_don_vi;
