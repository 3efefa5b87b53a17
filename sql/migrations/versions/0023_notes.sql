-- What people say about figures, which stays whatever becomes of the figure: no key leads to mart.chi_so.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

CREATE TABLE ops.ghi_chu (
    lan bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ky_loai text COLLATE "C" NOT NULL,
    ky text COLLATE "C" NOT NULL,
    ma_chi_so text COLLATE "C" NOT NULL,
    ma_don_vi text COLLATE "C" NOT NULL,
    loai text COLLATE "C" NOT NULL CHECK (loai IN ('ghi_chu', 'theo_doi', 'thoi_theo_doi')),
    noi_dung text,
    nguoi text COLLATE "C" NOT NULL,
    tai_khoan text COLLATE "C" NOT NULL,
    luc timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ghi_chu_co_noi_dung CHECK (loai <> 'ghi_chu' OR noi_dung IS NOT NULL),
    CONSTRAINT noi_dung_vua_phai CHECK (length(noi_dung) BETWEEN 1 AND 1000)
);
COMMENT ON TABLE ops.ghi_chu IS
'Một dòng = một lần ghi chú, theo dõi hoặc thôi theo dõi một con số; chỉ được thêm dòng, ghi bằng ops.ghi_chu_them.';
COMMENT ON COLUMN ops.ghi_chu.ky_loai IS 'Loại kỳ của con số, xem mart.ky.';
COMMENT ON COLUMN ops.ghi_chu.ky IS 'Kỳ của con số.';
COMMENT ON COLUMN ops.ghi_chu.ma_chi_so IS 'Mã chỉ số.';
COMMENT ON COLUMN ops.ghi_chu.ma_don_vi IS 'Mã đơn vị hoặc TONG:<cap>, như ở mart.chi_so lúc ghi.';
COMMENT ON COLUMN ops.ghi_chu.loai IS
'ghi_chu: lời ghi; theo_doi: đánh dấu cần theo dõi; thoi_theo_doi: bỏ dấu. Dấu sau cùng là dấu đang có.';
COMMENT ON COLUMN ops.ghi_chu.noi_dung IS 'Lời ghi, không có dữ liệu cá nhân; NULL khi chỉ đánh dấu.';
COMMENT ON COLUMN ops.ghi_chu.nguoi IS 'Ai ghi: người dùng Airflow khi ghi từ trang web, nếu không thì tài khoản.';
COMMENT ON COLUMN ops.ghi_chu.tai_khoan IS 'Tài khoản cơ sở dữ liệu đã ghi.';
COMMENT ON COLUMN ops.ghi_chu.luc IS 'Lúc ghi.';
CREATE INDEX ghi_chu_con_so ON ops.ghi_chu (ky_loai, ky, ma_don_vi, ma_chi_so);

-- Written by ops.ghi_chu_them only; the pipeline reads it for lists of what is to be followed up.
REVOKE INSERT, UPDATE, DELETE ON ops.ghi_chu FROM cchc_etl;
GRANT SELECT ON ops.ghi_chu TO cchc_don_vi;
ALTER TABLE ops.ghi_chu ENABLE ROW LEVEL SECURITY;
CREATE POLICY xem_het ON ops.ghi_chu FOR SELECT TO cchc_etl USING (TRUE);
CREATE POLICY xem ON ops.ghi_chu FOR SELECT TO cchc_steward USING (TRUE);
-- The policy of units stands in the file of the function that it calls: core.don_vi_cua_toi.
