CREATE AGGREGATE core.overlay(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}'); -- noqa: all
COMMENT ON AGGREGATE core.overlay(jsonb) IS -- noqa: all
'Ghép các bản ghi theo thứ tự: cột có trong bản sau đè bản trước, cột vắng thì giữ nguyên.';
