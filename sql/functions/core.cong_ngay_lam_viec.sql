-- BI reads views that call it, and a function in a view runs with the rights of whoever asks.
CREATE FUNCTION core.cong_ngay_lam_viec(luc timestamp, so_ngay int) RETURNS timestamp
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dau timestamp := core.vao_gio_lam_viec(luc);
    han date;
BEGIN
    IF so_ngay < 0 THEN
        RAISE EXCEPTION 'Working days to add: %, expected 0 or more', so_ngay;
    END IF;
    SELECT cuoi.ngay
    INTO han
    FROM core.lich AS l
    INNER JOIN core.lich AS cuoi
        ON cuoi.la_ngay_lam_viec AND l.so_ngay_lam_viec_truoc + so_ngay = cuoi.so_ngay_lam_viec_truoc
    WHERE l.ngay = dau::date;
    IF NOT FOUND THEN
        PERFORM core.thieu_lich((SELECT max(l.ngay) + 1 FROM core.lich AS l));
    END IF;
    RETURN han + dau::time;
END
$$;
COMMENT ON FUNCTION core.cong_ngay_lam_viec(timestamp, int) IS
'Hạn theo ngày làm việc: giữ nguyên giờ; nhận ngoài giờ thì tính từ lúc mở cửa kế tiếp.';
GRANT EXECUTE ON FUNCTION core.cong_ngay_lam_viec(timestamp, int) TO cchc_steward;
