CREATE VIEW mart.khai_bao WITH (security_invoker = on) AS
SELECT
    k.ky,
    k.ma_don_vi,
    k.ma_so_lieu,
    sl.ten,
    sl.don_vi_tinh,
    k.gia_tri,
    k.ngay_khai,
    k.chuc_danh,
    row_number() OVER (
        PARTITION BY k.ma_don_vi, k.ky, k.ma_so_lieu
        ORDER BY k.ngay_khai, k.gia_tri
    ) - 1 AS revision,
    row_number() OVER (
        PARTITION BY k.ma_don_vi, k.ky, k.ma_so_lieu
        ORDER BY k.ngay_khai DESC, k.gia_tri DESC
    ) = 1 AS is_current,
    k.batch_id,
    k.line_no
FROM core.khai_bao AS k
INNER JOIN core.so_lieu_khai_bao AS sl ON k.ma_so_lieu = sl.ma_so_lieu;
COMMENT ON VIEW mart.khai_bao IS
'Một dòng = một lần khai một số liệu của một đơn vị cho một tháng; revision 0 là lần đầu, is_current là lần đang dùng.';
COMMENT ON COLUMN mart.khai_bao.ky IS 'Tháng được khai.';
COMMENT ON COLUMN mart.khai_bao.ma_don_vi IS 'Đơn vị khai.';
COMMENT ON COLUMN mart.khai_bao.ma_so_lieu IS 'Mã số liệu.';
COMMENT ON COLUMN mart.khai_bao.ten IS 'Tên số liệu.';
COMMENT ON COLUMN mart.khai_bao.don_vi_tinh IS 'Đơn vị tính.';
COMMENT ON COLUMN mart.khai_bao.gia_tri IS 'Giá trị; Có = 1, Không = 0.';
COMMENT ON COLUMN mart.khai_bao.ngay_khai IS 'Thời điểm khai.';
COMMENT ON COLUMN mart.khai_bao.chuc_danh IS 'Chức danh người khai.';
COMMENT ON COLUMN mart.khai_bao.revision IS '0 là lần khai đầu, tăng 1 mỗi lần khai lại.';
COMMENT ON COLUMN mart.khai_bao.is_current IS 'Lần khai đang được tính: lần sau cùng.';
COMMENT ON COLUMN mart.khai_bao.batch_id IS 'Lô đã nạp.';
COMMENT ON COLUMN mart.khai_bao.line_no IS 'Dòng trong tệp.';
GRANT SELECT ON mart.khai_bao TO cchc_bi, cchc_steward, cchc_don_vi;
