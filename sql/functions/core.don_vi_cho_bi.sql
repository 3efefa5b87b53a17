CREATE FUNCTION core.don_vi_cho_bi(ngay date)
RETURNS TABLE (ma_goc text, ma_don_vi text, ten_don_vi text, cap text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT d.ma_goc, d.ma_don_vi, d.ten_don_vi, d.cap FROM core.don_vi_tai_ngay(don_vi_cho_bi.ngay) AS d
$$;
COMMENT ON FUNCTION core.don_vi_cho_bi(date) IS
'Như core.don_vi_tai_ngay, dùng được trong khung nhìn của mart bởi người chỉ đọc mart.';
GRANT EXECUTE ON FUNCTION core.don_vi_cho_bi(date) TO cchc_bi, cchc_steward, cchc_don_vi;
