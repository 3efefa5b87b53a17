CREATE FUNCTION core.don_vi_chuyen_sang(khoa text, ngay date, ngay_xuat date)
RETURNS TABLE (ma_don_vi text, ung_vien text[])
LANGUAGE sql STABLE AS $$
SELECT
    x.ma_don_vi,
    t.ung_vien
FROM core.don_vi_ngay_xuat(don_vi_chuyen_sang.khoa, don_vi_chuyen_sang.ngay, don_vi_chuyen_sang.ngay_xuat) AS x
INNER JOIN core.don_vi_tien_than AS t
    ON
        x.ma_don_vi = t.ma_don_vi
        AND don_vi_chuyen_sang.ngay BETWEEN t.valid_from AND t.valid_to
        AND don_vi_chuyen_sang.ngay_xuat BETWEEN t.xuat_tu AND t.xuat_den
$$;
COMMENT ON FUNCTION core.don_vi_chuyen_sang(text, date, date) IS
'Như core.don_vi_ngay_xuat, chỉ khi đơn vị ấy đã có hoặc kế thừa đơn vị nào có vào ngày của việc; kèm những đơn vị ấy.';
