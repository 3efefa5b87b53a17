CREATE FUNCTION core.moi_hon(moi anyelement, luc_moi timestamp, cu anyelement, luc_cu timestamp) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT luc_moi > luc_cu OR (luc_moi = luc_cu AND moi IS NOT NULL AND (cu IS NULL OR moi > cu))
$$;
COMMENT ON FUNCTION core.moi_hon(anyelement, timestamp, anyelement, timestamp) IS
'Giá trị mới có thay giá trị cũ không: thời điểm sau thắng, cùng thời điểm thì giá trị lớn hơn; NULL là nhỏ nhất.';
