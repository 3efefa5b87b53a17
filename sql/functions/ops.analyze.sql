-- Only whose a table is may analyze it, before PostgreSQL 17; the pipeline owns none, and PostgreSQL would skip its
-- tables with a warning.
CREATE FUNCTION ops.analyze(bang regclass[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mot regclass;
BEGIN
    FOREACH mot IN ARRAY bang LOOP
        IF NOT EXISTS (
            SELECT FROM pg_class AS c
            WHERE
                c.oid = mot AND c.relkind IN ('r', 'p')
                AND c.relnamespace IN ('mart'::regnamespace, 'core'::regnamespace, 'ops'::regnamespace)
        ) THEN
            RAISE EXCEPTION '% is no table of mart, core or ops.', mot;
        END IF;
        EXECUTE format('ANALYZE %s', mot);
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.analyze(regclass[]) IS
'Cập nhật thống kê của các bảng vừa ghi nhiều, để câu hỏi ngay sau đó được lập kế hoạch đúng.';
