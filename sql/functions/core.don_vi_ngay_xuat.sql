CREATE FUNCTION core.don_vi_ngay_xuat(khoa text, ngay date, ngay_xuat date)
RETURNS TABLE (ma_don_vi text)
LANGUAGE sql STABLE AS $$
SELECT k.ma_don_vi
FROM core.don_vi_khoa AS k
WHERE
    k.khoa = don_vi_ngay_xuat.khoa
    AND don_vi_ngay_xuat.ngay_xuat BETWEEN k.valid_from AND k.valid_to
    AND don_vi_ngay_xuat.ngay < don_vi_ngay_xuat.ngay_xuat
    -- What named several units on the day itself is not settled by a later one that bears the name.
    AND (
        -- Nearly no name is such a one, and this is asked of all at once.
        k.khoa NOT IN (SELECT m.khoa FROM core.don_vi_khoa_mo_ho AS m)
        OR NOT EXISTS (
            SELECT FROM core.don_vi_khoa_mo_ho AS m
            WHERE m.khoa = don_vi_ngay_xuat.khoa AND don_vi_ngay_xuat.ngay BETWEEN m.valid_from AND m.valid_to
        )
    )
$$;
COMMENT ON FUNCTION core.don_vi_ngay_xuat(text, date, date) IS
'Đơn vị mà một cách gọi chỉ vào ngày xuất tệp, khi vào ngày của việc không ai được gọi như thế. Nhiều nhất một dòng.';
