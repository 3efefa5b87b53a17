CREATE FUNCTION core.don_vi_tai_ngay(ngay date)
RETURNS TABLE (
    ma_goc text, ma_don_vi text, ten_don_vi text, cap text, con_hieu_luc boolean,
    theo_doi boolean, da_kiem_chung boolean
)
LANGUAGE sql STABLE AS $$
SELECT
    t.ma_goc,
    d.ma_don_vi,
    d.ten_don_vi,
    d.cap,
    don_vi_tai_ngay.ngay BETWEEN d.valid_from AND d.valid_to AS con_hieu_luc,
    d.theo_doi,
    d.da_kiem_chung
FROM core.don_vi_tra_loi AS t
INNER JOIN (
    -- As it is on that day, or else as it last was.
    SELECT DISTINCT ON (dv.ma_don_vi) dv.*
    FROM core.don_vi AS dv
    ORDER BY
        dv.ma_don_vi ASC,
        (don_vi_tai_ngay.ngay BETWEEN dv.valid_from AND dv.valid_to) DESC,
        dv.valid_from DESC
) AS d ON t.ma_don_vi = d.ma_don_vi
WHERE don_vi_tai_ngay.ngay BETWEEN t.valid_from AND t.valid_to
$$;
COMMENT ON FUNCTION core.don_vi_tai_ngay(date) IS
'Một dòng = một mã đơn vị và đơn vị trả lời thay nó vào ngày đã cho: chính nó, hoặc đơn vị kế thừa.';
GRANT EXECUTE ON FUNCTION core.don_vi_tai_ngay(date) TO cchc_steward, cchc_don_vi;
