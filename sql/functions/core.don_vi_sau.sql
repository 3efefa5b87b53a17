CREATE FUNCTION core.don_vi_sau(moi text, cu text) RETURNS boolean
LANGUAGE sql STABLE
AS $$
SELECT
    moi <> cu
    AND (
        coalesce((SELECT min(valid_from) FROM core.don_vi WHERE ma_don_vi = don_vi_sau.moi), '-infinity'),
        moi COLLATE "C"
    ) > (
        coalesce((SELECT min(valid_from) FROM core.don_vi WHERE ma_don_vi = don_vi_sau.cu), '-infinity'),
        cu COLLATE "C"
    )
$$;
COMMENT ON FUNCTION core.don_vi_sau(text, text) IS
'Trong hai đơn vị mà các tệp xuất khác ngày ghi cho cùng một trạng thái, đơn vị thứ nhất có lập sau đơn vị thứ hai.';
