-- Stewards say who looks, and write no table themselves.
CREATE FUNCTION ops.gan_nguoi_xem(ten_dang_nhap text, ma_don_vi text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF gan_nguoi_xem.ten_dang_nhap !~ '^[^[:cntrl:][:space:]]+$' THEN
        RAISE EXCEPTION 'A user of Airflow is expected, as it is written there, without blanks.';
    END IF;
    IF gan_nguoi_xem.ma_don_vi IS NOT NULL AND NOT EXISTS (
        SELECT FROM core.don_vi AS d
        WHERE d.ma_don_vi = gan_nguoi_xem.ma_don_vi AND d.cap <> 'toan_tinh'
    ) THEN
        RAISE EXCEPTION 'Unit % is not known: expected a ma_don_vi of mart.don_vi, below the province.',
            gan_nguoi_xem.ma_don_vi;
    END IF;
    INSERT INTO ops.nguoi_xem AS n (ten_dang_nhap, ma_don_vi, gan_boi)
    VALUES (gan_nguoi_xem.ten_dang_nhap, gan_nguoi_xem.ma_don_vi, session_user)
    ON CONFLICT ON CONSTRAINT nguoi_xem_pkey DO UPDATE
    SET ma_don_vi = excluded.ma_don_vi, gan_boi = excluded.gan_boi, gan_luc = excluded.gan_luc
    WHERE n.ma_don_vi IS DISTINCT FROM excluded.ma_don_vi;
END
$$;
COMMENT ON FUNCTION ops.gan_nguoi_xem(text, text) IS
'Cho một người dùng Airflow xem dòng của một đơn vị, hoặc của mọi đơn vị khi không nêu đơn vị. Gắn lại thì thay.';
REVOKE EXECUTE ON FUNCTION ops.gan_nguoi_xem(text, text) FROM cchc_etl;
GRANT EXECUTE ON FUNCTION ops.gan_nguoi_xem(text, text) TO cchc_steward;
