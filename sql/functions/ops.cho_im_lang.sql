-- Nobody writes the table by himself, so that who and when are always said.
CREATE FUNCTION ops.cho_im_lang(ma_phat_hien text, ly_do text, den_het_ngay date) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    luc timestamptz := now();
    het timestamptz := coalesce(
        (cho_im_lang.den_het_ngay + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', now()
    );
BEGIN
    IF cho_im_lang.ma_phat_hien IS NULL OR cho_im_lang.ma_phat_hien !~ '^[a-z0-9_]+(:[A-Za-z0-9_.-]+)?$' THEN
        RAISE EXCEPTION 'A finding is expected as python -m cchc probe names it, for example du_lieu:ho_so.';
    END IF;
    IF coalesce(length(btrim(cho_im_lang.ly_do)), 0) NOT BETWEEN 10 AND 300 OR cho_im_lang.ly_do ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'A reason of 10 to 300 characters in one line is expected, without names of people.';
    END IF;
    IF het < luc OR het > luc + interval '31 days' THEN
        RAISE EXCEPTION 'A day from % to % is expected, at most 31 days ahead; NULL ends a silence now.',
            (luc AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
            ((luc + interval '31 days') AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - 1;
    END IF;
    INSERT INTO ops.im_lang (ma_phat_hien, ly_do, boi, tu_luc, den_luc)
    VALUES (cho_im_lang.ma_phat_hien, btrim(cho_im_lang.ly_do), session_user, luc, het);
    RETURN het;
END
$$;
COMMENT ON FUNCTION ops.cho_im_lang(text, text, date) IS
'Cho im một phát hiện đến hết một ngày, nhiều nhất 31 ngày, có lý do; NULL: thôi im ngay. Trả về lúc hết.';
GRANT EXECUTE ON FUNCTION ops.cho_im_lang(text, text, date) TO cchc_steward;
