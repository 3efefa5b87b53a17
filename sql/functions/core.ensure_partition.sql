-- The pipeline owns no table: it gets partitions of those that are partitioned, and nothing else.
CREATE FUNCTION core.ensure_partition(fact text, month_start date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    partition_name text := fact || '_' || to_char(month_start, 'YYYY_MM');
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class AS c
        WHERE c.relnamespace = 'core'::regnamespace AND c.relname = fact AND c.relkind = 'p'
    ) THEN
        RAISE EXCEPTION 'core.% is no partitioned table, so it can have no partition.', fact;
    END IF;
    -- Infinity, years before Christ and those of five digits name no month, and would share a partition's name.
    IF month_start IS NULL OR NOT month_start BETWEEN '0001-01-01' AND '9999-12-01' THEN
        RAISE EXCEPTION 'A partition is for a month of the years 1 to 9999: % is none.', coalesce(month_start::text, 'NULL');
    END IF;
    IF month_start <> date_trunc('month', month_start)::date THEN
        RAISE EXCEPTION 'A partition begins with a month: % is not the first day of one.', month_start;
    END IF;
    IF to_regclass(format('core.%I', partition_name)) IS NULL THEN
        -- CREATE TABLE … PARTITION OF would wait for everybody who reads the fact, and have all others wait behind it.
        EXECUTE format(
            'CREATE TABLE core.%I (LIKE core.%I INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED)',
            partition_name, fact
        );
        EXECUTE format(
            'ALTER TABLE core.%I ATTACH PARTITION core.%I FOR VALUES FROM (%L) TO (%L)',
            fact, partition_name, month_start, (month_start + interval '1 month')::date
        );
    END IF;
END
$$;
COMMENT ON FUNCTION core.ensure_partition(text, date) IS
'Tạo phân mảnh theo tháng của một bảng core khi chưa có.';
