CREATE FUNCTION core.giay_lam_viec(luc timestamp) RETURNS numeric
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    giay numeric;
BEGIN
    SELECT coalesce((
        SELECT b.giay_truoc + extract(epoch FROM least(b.den, luc) - b.tu)
        FROM core.buoi_lam_viec AS b WHERE b.tu <= luc ORDER BY b.tu DESC LIMIT 1
    ), 0)
    INTO giay
    FROM core.lich AS l
    WHERE l.ngay = luc::date;
    IF NOT FOUND THEN
        PERFORM core.thieu_lich(luc::date);
    END IF;
    RETURN giay;
END
$$;
COMMENT ON FUNCTION core.giay_lam_viec(timestamp) IS 'Số giây làm việc từ đầu lịch đến một thời điểm.';
