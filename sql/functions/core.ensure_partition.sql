CREATE FUNCTION core.ensure_partition(fact text, month_start date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    partition_name text := fact || '_' || to_char(month_start, 'YYYY_MM');
BEGIN
    IF to_regclass('core.' || partition_name) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE core.%I PARTITION OF core.%I FOR VALUES FROM (%L) TO (%L)',
            partition_name, fact, month_start, (month_start + interval '1 month')::date
        );
    END IF;
END
$$;
COMMENT ON FUNCTION core.ensure_partition(text, date) IS
'Tạo phân mảnh theo tháng của một bảng core khi chưa có.';
