-- BI reads views that call it, and a function in a view runs with the rights of whoever asks.
CREATE FUNCTION core.cong_gio_lam_viec(luc timestamp, so_gio numeric) RETURNS timestamp
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    them numeric := round(so_gio * 3600, 6);
    dich numeric;
    han timestamp;
    het_buoi timestamp;
BEGIN
    IF them < 0 THEN
        RAISE EXCEPTION 'Working hours to add: %, expected 0 or more', so_gio;
    ELSIF them = 0 THEN
        RETURN core.vao_gio_lam_viec(luc);
    END IF;
    dich := core.giay_lam_viec(luc) + them;
    -- Of the moments between which nobody works, the first: a deadline of eight hours ends when the
    -- office closes, not when it opens again.
    SELECT b.tu + (dich - b.giay_truoc) * interval '1 second', b.den
    INTO han, het_buoi
    FROM core.buoi_lam_viec AS b
    WHERE b.giay_truoc < dich
    ORDER BY b.giay_truoc DESC
    LIMIT 1;
    IF han > het_buoi THEN
        PERFORM core.thieu_lich((SELECT max(l.ngay) + 1 FROM core.lich AS l));
    END IF;
    RETURN han;
END
$$;
COMMENT ON FUNCTION core.cong_gio_lam_viec(timestamp, numeric) IS
'Hạn theo giờ làm việc; hết đúng một buổi thì hạn là lúc buổi đó kết thúc (17:00), không phải lúc mở cửa hôm sau.';
GRANT EXECUTE ON FUNCTION core.cong_gio_lam_viec(timestamp, numeric) TO cchc_bi, cchc_steward, cchc_don_vi;
