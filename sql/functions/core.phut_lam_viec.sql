-- BI reads views that call it, and a function in a view runs with the rights of whoever asks.
CREATE FUNCTION core.phut_lam_viec(tu timestamp, den timestamp) RETURNS numeric
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (core.giay_lam_viec(den) - core.giay_lam_viec(tu)) / 60;
END
$$;
COMMENT ON FUNCTION core.phut_lam_viec(timestamp, timestamp) IS
'Số phút làm việc giữa hai thời điểm, âm khi den trước tu. 1 ngày làm việc = 480 phút.';
GRANT EXECUTE ON FUNCTION core.phut_lam_viec(timestamp, timestamp) TO cchc_bi, cchc_steward, cchc_don_vi;
