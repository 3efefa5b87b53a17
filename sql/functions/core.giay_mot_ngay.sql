CREATE FUNCTION core.giay_mot_ngay() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 8 * 3600;
COMMENT ON FUNCTION core.giay_mot_ngay() IS
'1 ngày làm việc = 8 giờ; sync_calendar từ chối giờ làm việc cộng lại khác 8 giờ.';
