-- Ratings, status history, and of a dossier its fees, databases, ids in the store and deadline of receipt.
-- Run once by Alembic inside a transaction.

-- Dossiers -------------------------------------------------------------------------------------

ALTER TABLE core.ho_so
ADD COLUMN han_tiep_nhan timestamp,
ADD COLUMN tong_phi_le_phi numeric,
ADD COLUMN so_csdl_ket_noi int,
ADD COLUMN so_tai_lieu_co_kho int,
ADD COLUMN so_ket_qua_co_kho int;
COMMENT ON COLUMN core.ho_so.han_tiep_nhan IS
'Hạn tiếp nhận (HanTiepNhan); tiếp nhận quá hạn khi ngày tiếp nhận sau ngày này. NULL = nguồn không cho biết.';
COMMENT ON COLUMN core.ho_so.tong_phi_le_phi IS
'Tổng Gia của các dòng phí, lệ phí (DanhSachLePhi), đồng; 0 = mọi khoản bằng 0 hoặc không có khoản nào, NULL = nguồn không cho biết.'; -- noqa: LT05
COMMENT ON COLUMN core.ho_so.so_csdl_ket_noi IS
'Số cơ sở dữ liệu khác nhau đã khai thác (MaCSDL của DSKetNoiCSDL); NULL = nguồn không cho biết.';
COMMENT ON COLUMN core.ho_so.so_tai_lieu_co_kho IS
'Số thành phần hồ sơ có mã trong Kho dữ liệu điện tử (MaGiayToSoHoa, MaGiayToKhoQuocGia); NULL = nguồn không có trường này.'; -- noqa: LT05
COMMENT ON COLUMN core.ho_so.so_ket_qua_co_kho IS
'Số giấy tờ kết quả có mã trong Kho dữ liệu điện tử (GiayToId); NULL = nguồn không cho biết.';

-- What was loaded so far knows nothing of these columns: an older record that does may fill them.
UPDATE core.ho_so
SET
    cot_cu = coalesce(cot_cu, '{}')
    || '{
        "han_tiep_nhan": "-infinity", "tong_phi_le_phi": "-infinity", "so_csdl_ket_noi": "-infinity",
        "so_tai_lieu_co_kho": "-infinity", "so_ket_qua_co_kho": "-infinity"
    }';

-- Partitions by month --------------------------------------------------------------------------

CREATE FUNCTION core.ensure_partition(fact text, month_start date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    partition_name text := fact || '_' || to_char(month_start, 'YYYY_MM');
BEGIN
    IF to_regclass('core.' || partition_name) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE core.%I PARTITION OF core.%I FOR VALUES FROM (%L) TO (%L)',
            partition_name, fact, month_start, (month_start + interval '1 month')::date
        );
    END IF;
END
$$;

DROP FUNCTION core.ensure_ho_so_partition;

-- Ratings --------------------------------------------------------------------------------------

CREATE TABLE core.danh_gia (
    ma_ho_so text COLLATE "C" NOT NULL,
    thoi_gian_danh_gia timestamp NOT NULL,
    danh_gia text COLLATE "C" NOT NULL CHECK (danh_gia IN ('rat_hai_long', 'hai_long', 'khong_hai_long')),
    ngay_cap_nhat timestamp NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_ho_so, thoi_gian_danh_gia)
);
COMMENT ON TABLE core.danh_gia IS
'Một dòng = một lần người dân, doanh nghiệp đánh giá một hồ sơ, ở nội dung mới nhất mà nguồn đã cho biết.';
COMMENT ON COLUMN core.danh_gia.ma_ho_so IS
'Hồ sơ được đánh giá; có thể chưa có trong core.ho_so. Đơn vị, thủ tục, kênh lấy từ hồ sơ khi tính.';
COMMENT ON COLUMN core.danh_gia.thoi_gian_danh_gia IS 'Thời điểm đánh giá; quyết định kỳ được tính.';
COMMENT ON COLUMN core.danh_gia.danh_gia IS 'rat_hai_long, hai_long hoặc khong_hai_long.';
CREATE INDEX danh_gia_thoi_gian ON core.danh_gia (thoi_gian_danh_gia);

-- Status history -------------------------------------------------------------------------------

CREATE TABLE core.qua_trinh (
    ma_ho_so text COLLATE "C" NOT NULL,
    thoi_gian timestamp NOT NULL,
    trang_thai smallint NOT NULL CHECK (trang_thai BETWEEN 1 AND 10),
    don_vi text COLLATE "C",
    batch_id bigint NOT NULL,
    line_no bigint NOT NULL,
    PRIMARY KEY (ma_ho_so, thoi_gian, trang_thai)
) PARTITION BY RANGE (thoi_gian);
COMMENT ON TABLE core.qua_trinh IS
'Một dòng = một lần một hồ sơ chuyển sang một trạng thái, theo quá trình xử lý mà nguồn ghi.';
COMMENT ON COLUMN core.qua_trinh.ma_ho_so IS 'Hồ sơ; có thể chưa có trong core.ho_so.';
COMMENT ON COLUMN core.qua_trinh.thoi_gian IS 'Thời điểm chuyển trạng thái. Khoá phân mảnh.';
COMMENT ON COLUMN core.qua_trinh.trang_thai IS 'Trạng thái chuyển sang, 1 đến 10 như core.ho_so.trang_thai_ho_so.';
COMMENT ON COLUMN core.qua_trinh.don_vi IS 'Đơn vị xử lý bước này, như nguồn ghi.';
