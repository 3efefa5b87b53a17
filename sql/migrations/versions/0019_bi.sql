-- Points of QĐ 766 are of months: with the kind of period beside the month, tools find the way to mart.ky.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

ALTER TABLE mart.diem_766 ADD COLUMN ky_loai text NOT NULL GENERATED ALWAYS AS ('thang'::text) STORED;
ALTER TABLE mart.diem_766 ADD CONSTRAINT diem_766_ky_fkey FOREIGN KEY (ky_loai, ky) REFERENCES mart.ky;
COMMENT ON COLUMN mart.diem_766.ky_loai IS 'Luôn là thang: để ghép với mart.ky.';
