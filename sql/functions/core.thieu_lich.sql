CREATE FUNCTION core.thieu_lich(ngay date) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RAISE EXCEPTION 'The working calendar has no day %: it holds %. Write the days off and make-up days of '
        'that year into sql/reference/lich_lam_viec.csv, the year into sql/reference/lich_nam.csv, and run the '
        'task sync_calendar of DAG catch_up_chi_so.',
        thieu_lich.ngay, (SELECT coalesce(min(l.ngay) || ' to ' || max(l.ngay), 'no day') FROM core.lich AS l);
END
$$;
COMMENT ON FUNCTION core.thieu_lich(date) IS 'Báo lỗi: lịch làm việc không có ngày này, phải khai năm nào, ở tệp nào.';
