-- What names meant before units are loaded: reopen.sql compares it with what they mean then.
-- Copies for one transaction.
CREATE TEMP TABLE truoc_khoa ON COMMIT DROP AS
SELECT
    khoa,
    ma_don_vi,
    valid_from,
    valid_to
FROM core.don_vi_khoa;

CREATE TEMP TABLE truoc_mo_ho ON COMMIT DROP AS
SELECT
    khoa,
    valid_from,
    valid_to
FROM core.don_vi_khoa_mo_ho;

CREATE TEMP TABLE truoc_tien_than ON COMMIT DROP AS
SELECT
    ma_don_vi,
    valid_from,
    valid_to,
    xuat_tu,
    xuat_den,
    ung_vien
FROM core.don_vi_tien_than;
