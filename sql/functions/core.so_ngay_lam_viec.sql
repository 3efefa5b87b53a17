-- BI reads views that call it, and a function in a view runs with the rights of whoever asks.
CREATE FUNCTION core.so_ngay_lam_viec(sau date, den date) RETURNS int
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    so int;
BEGIN
    SELECT
        cuoi.so_ngay_lam_viec_truoc + cuoi.la_ngay_lam_viec::int
        - dau.so_ngay_lam_viec_truoc - dau.la_ngay_lam_viec::int
    INTO so
    FROM core.lich AS dau, core.lich AS cuoi
    WHERE dau.ngay = sau AND cuoi.ngay = den;
    IF NOT FOUND THEN
        PERFORM core.thieu_lich(CASE WHEN EXISTS (SELECT FROM core.lich WHERE ngay = sau) THEN den ELSE sau END);
    END IF;
    RETURN so;
END
$$;
COMMENT ON FUNCTION core.so_ngay_lam_viec(date, date) IS
'Số ngày làm việc sau ngày đầu, đến hết ngày thứ hai; âm khi ngày thứ hai ở trước.';
GRANT EXECUTE ON FUNCTION core.so_ngay_lam_viec(date, date) TO cchc_bi, cchc_steward, cchc_don_vi;
