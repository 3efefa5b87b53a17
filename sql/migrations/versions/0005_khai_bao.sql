-- Figures that units declare by form: the items, every declaration ever accepted, and which one counts.
-- Run once by Alembic inside a transaction.

CREATE TABLE core.so_lieu_khai_bao (
    ma_so_lieu text COLLATE "C" PRIMARY KEY,
    thu_tu int NOT NULL,
    ten text NOT NULL,
    don_vi_tinh text NOT NULL,
    kieu text NOT NULL CHECK (kieu IN ('so_dem', 'co_khong', 'so_tien')),
    cong_don text NOT NULL CHECK (cong_don IN ('dong', 'cuoi_ky')),
    khong_qua text COLLATE "C",
    chi_tieu text,
    can_cu text NOT NULL,
    huong_dan text NOT NULL
);
COMMENT ON TABLE core.so_lieu_khai_bao IS
'Một dòng = một số liệu đơn vị phải khai hằng tháng, lấy từ sql/reference/so_lieu_khai_bao.csv.';
COMMENT ON COLUMN core.so_lieu_khai_bao.cong_don IS
'dong: cộng các tháng; cuoi_ky: tình trạng vào ngày cuối tháng.';
COMMENT ON COLUMN core.so_lieu_khai_bao.khong_qua IS 'Số liệu mà nó là một phần, phải khai cùng lúc.';

CREATE TABLE core.khai_bao (
    ma_don_vi text COLLATE "C" NOT NULL,
    ky text COLLATE "C" NOT NULL CHECK (ky ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    ma_so_lieu text COLLATE "C" NOT NULL,
    ngay_khai timestamp NOT NULL,
    gia_tri numeric NOT NULL CHECK (gia_tri >= 0 AND gia_tri = trunc(gia_tri)),
    chuc_danh text NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_don_vi, ky, ma_so_lieu, ngay_khai, gia_tri)
);
COMMENT ON TABLE core.khai_bao IS
'Một dòng = một lần khai một số liệu của một đơn vị cho một tháng; khai lại là dòng mới, dòng cũ giữ nguyên.';
COMMENT ON COLUMN core.khai_bao.chuc_danh IS 'Chức danh người khai; kho không giữ họ tên.';
CREATE INDEX khai_bao_ky ON core.khai_bao (ky);

CREATE VIEW mart.khai_bao AS
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
