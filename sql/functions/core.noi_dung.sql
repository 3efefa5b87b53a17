CREATE FUNCTION core.noi_dung(ban_ghi jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ban_ghi - '{batch_id,line_no,ngay_su_kien,ngay_ket_thuc}'::text[])::text;
COMMENT ON FUNCTION core.noi_dung(jsonb) IS
'Nội dung một bản ghi dưới dạng chữ để so hai bản cùng thời điểm cập nhật; không kể lô, dòng và cột suy ra.';
