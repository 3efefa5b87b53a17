-- Who received a dossier and who answers for it, when a later export names the unit's successor.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE core.don_vi_tien_than (
    ma_don_vi text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    xuat_tu date NOT NULL,
    xuat_den date NOT NULL CHECK (xuat_den >= xuat_tu),
    ung_vien text[] NOT NULL CHECK (cardinality(ung_vien) > 0),
    PRIMARY KEY (ma_don_vi, valid_from, xuat_tu)
);
COMMENT ON TABLE core.don_vi_tien_than IS
'Một dòng = những đơn vị có thể đã tiếp nhận, trong một khoảng ngày, việc mà tệp xuất trong khoảng ngày kia ghi cho một đơn vị.'; -- noqa: LT05
COMMENT ON COLUMN core.don_vi_tien_than.xuat_tu IS 'Ngày xuất tệp đầu tiên mà danh sách này đúng.';
COMMENT ON COLUMN core.don_vi_tien_than.xuat_den IS 'Ngày xuất tệp cuối cùng mà danh sách này đúng.';
COMMENT ON COLUMN core.don_vi_tien_than.ung_vien IS
'Chính đơn vị ấy nếu ngày tiếp nhận đã có, và mọi đơn vị mà nó đã kế thừa đến ngày xuất; từ hai trở lên thì không đoán.'; -- noqa: LT05

CREATE TABLE core.don_vi_khoa_mo_ho (
    khoa text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    PRIMARY KEY (khoa, valid_from)
);
COMMENT ON TABLE core.don_vi_khoa_mo_ho IS
'Một dòng = một cách gọi được dùng trong khoảng hiệu lực mà không chỉ đúng một đơn vị: nhiều đơn vị, hoặc cả tỉnh.';

ALTER TABLE core.ho_so
ADD COLUMN don_vi_ngay_nhan text COLLATE "C",
ADD COLUMN don_vi_ngay_xuat text COLLATE "C";
UPDATE core.ho_so
SET
    don_vi_ngay_nhan = ma_don_vi,
    don_vi_ngay_xuat = ma_don_vi;
ALTER TABLE core.ho_so ALTER COLUMN don_vi_ngay_xuat SET NOT NULL;
COMMENT ON COLUMN core.ho_so.ma_don_vi IS
'Đơn vị mà số liệu theo dõi đi từ đó: don_vi_ngay_nhan khi don_vi_ngay_xuat kế thừa nó, nếu không thì don_vi_ngay_xuat.'; -- noqa: LT05
COMMENT ON COLUMN core.ho_so.don_vi_ngay_nhan IS
'Đơn vị giải quyết vào ngày tiếp nhận, theo dòng mới nhất còn cho biết; NULL: chưa dòng nào cho biết chắc.';
COMMENT ON COLUMN core.ho_so.don_vi_ngay_xuat IS
'Đơn vị giải quyết mà dòng mới nhất ghi: đơn vị trả lời vào ngày xuất tệp.';
