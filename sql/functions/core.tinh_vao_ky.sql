-- In place where it is called, as core.ma_tong. As cchc.figures.indicator_sql.SELECTED, of kept rows.
CREATE FUNCTION core.tinh_vao_ky(cong_don text, nua date, dau date, cuoi date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN
nua BETWEEN dau AND cuoi
AND (
    cong_don = 'dong'
    OR (cong_don = 'dau_ky' AND nua = dau)
    OR (cong_don = 'cuoi_ky' AND nua = cuoi)
);
COMMENT ON FUNCTION core.tinh_vao_ky(text, date, date, date) IS
'Phép đo của nửa tháng bắt đầu ngày nua có cộng vào kỳ bắt đầu ngày dau không; cuoi: ngày đầu của nửa tháng cuối kỳ.';
GRANT EXECUTE ON FUNCTION core.tinh_vao_ky(text, date, date, date) TO cchc_steward;
