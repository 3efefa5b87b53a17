CREATE FUNCTION core.ten_ky(ky_loai text, ky text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE ky_loai WHEN 'luy_ke' THEN 'Luỹ kế đến hết tháng ' WHEN 'ky_bao_cao' THEN 'Kỳ báo cáo ' ELSE '' END
|| CASE
    WHEN length(ky) = 4 THEN CASE ky_loai WHEN 'nam' THEN 'Năm ' ELSE 'năm ' END || ky
    WHEN ky LIKE '%-Q_' THEN CASE ky_loai WHEN 'quy' THEN 'Quý ' ELSE 'quý ' END || right(ky, 1) || '/' || left(ky, 4)
    WHEN ky LIKE '%-H1'
        THEN CASE ky_loai WHEN 'nua_nam' THEN 'Sáu tháng đầu năm ' ELSE 'sáu tháng đầu năm ' END || left(ky, 4)
    WHEN ky LIKE '%-H2' THEN 'Sáu tháng cuối năm ' || left(ky, 4)
    WHEN ky LIKE '%-_T' THEN substr(ky, 6, 1) || ' tháng năm ' || left(ky, 4)
    ELSE
        CASE ky_loai WHEN 'thang' THEN 'Tháng ' WHEN 'luy_ke' THEN '' ELSE 'tháng ' END
        || right(ky, 2) || '/' || left(ky, 4)
END;
COMMENT ON FUNCTION core.ten_ky(text, text) IS 'Tên của một kỳ như các trang và tệp viết: Tháng 03/2025, Quý 1/2025.';
GRANT EXECUTE ON FUNCTION core.ten_ky(text, text) TO cchc_bi, cchc_steward, cchc_don_vi;
