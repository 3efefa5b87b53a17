CREATE FUNCTION core.don_vi_goc(ngay_nhan text, ngay_xuat text)
RETURNS text
LANGUAGE sql STABLE AS $$
SELECT CASE
    WHEN
        EXISTS (
            SELECT FROM core.don_vi_tra_loi AS t
            WHERE t.ma_goc = don_vi_goc.ngay_nhan AND t.ma_don_vi = don_vi_goc.ngay_xuat
        )
        THEN don_vi_goc.ngay_nhan
    ELSE don_vi_goc.ngay_xuat
END
$$;
COMMENT ON FUNCTION core.don_vi_goc(text, text) IS
'Mã mà số liệu đi theo: đơn vị của ngày tiếp nhận khi đơn vị của ngày xuất trả lời thay nó, nếu không thì đơn vị sau.';
