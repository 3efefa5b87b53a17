CREATE FUNCTION core.vao_gio_lam_viec(luc timestamp) RETURNS timestamp
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    vao timestamp;
BEGIN
    SELECT (
        -- The moment at which a session ends still belongs to it.
        SELECT greatest(b.tu, luc)
        FROM core.buoi_lam_viec AS b WHERE b.den >= luc ORDER BY b.den LIMIT 1
    )
    INTO vao
    FROM core.lich AS l
    WHERE l.ngay = luc::date;
    IF vao IS NULL THEN
        PERFORM core.thieu_lich(greatest(luc::date, (SELECT max(l.ngay) + 1 FROM core.lich AS l)));
    END IF;
    RETURN vao;
END
$$;
COMMENT ON FUNCTION core.vao_gio_lam_viec(timestamp) IS
'Thời điểm bắt đầu tính hạn: chính nó khi trong giờ làm việc, nếu không thì lúc mở cửa kế tiếp.';
