CREATE FUNCTION core.don_vi_noi_tiep(a text, b text) RETURNS boolean
LANGUAGE sql STABLE STRICT
AS $$
SELECT EXISTS (
    SELECT FROM core.don_vi_tra_loi AS t
    WHERE
        (t.ma_goc = don_vi_noi_tiep.a AND t.ma_don_vi = don_vi_noi_tiep.b)
        OR (t.ma_goc = don_vi_noi_tiep.b AND t.ma_don_vi = don_vi_noi_tiep.a)
)
$$;
COMMENT ON FUNCTION core.don_vi_noi_tiep(text, text) IS
'Một trong hai đơn vị có ngày nào trả lời thay đơn vị kia không: hai tên của một nơi, trước và sau khi sắp xếp.';
