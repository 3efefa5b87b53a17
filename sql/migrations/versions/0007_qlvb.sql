-- Documents in and out, and work dossiers, of the document-management system (QLVB&ĐH).
-- Run once by Alembic inside a transaction. Nothing here says what a document is about or who signed it.

CREATE FUNCTION core.chuoi_so(huong text, ky_hieu text, loai_van_ban text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    -- The notation of a legal normative document holds its year: 12/2025/QĐ-UBND.
    WHEN huong = 'di' AND ky_hieu ~ '/20[0-9]{2}/' THEN 'vbqppl:' || coalesce(loai_van_ban, '')
    ELSE huong
END;
COMMENT ON FUNCTION core.chuoi_so(text, text, text) IS
'Dãy số mà một văn bản lấy số trong năm của đơn vị: đến, đi; văn bản quy phạm pháp luật mỗi loại một dãy (NĐ 30).';

CREATE FUNCTION core.noi_dung(ban_ghi jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ban_ghi - '{batch_id,line_no,ngay_su_kien,ngay_ket_thuc}'::text[])::text;
COMMENT ON FUNCTION core.noi_dung(jsonb) IS
'Nội dung một bản ghi dưới dạng chữ để so hai bản cùng thời điểm cập nhật; không kể lô, dòng và cột suy ra.';

CREATE TABLE core.van_ban (
    ma_van_ban text COLLATE "C" PRIMARY KEY,
    huong text COLLATE "C" NOT NULL CHECK (huong IN ('den', 'di')),
    ma_don_vi text COLLATE "C" NOT NULL,
    so int NOT NULL CHECK (so >= 1),
    ky_hieu text COLLATE "C",
    loai_van_ban text COLLATE "C",
    ngay_van_ban date,
    ngay_den timestamp,
    ngay_phat_hanh timestamp,
    ngay_dang_ky timestamp,
    do_khan smallint CHECK (do_khan BETWEEN 1 AND 4),
    -- Nothing secret can stand here, whatever the rules of the suite may become.
    do_mat smallint NOT NULL CHECK (do_mat = 1),
    han_xu_ly timestamp,
    ngay_hoan_thanh timestamp,
    ky_so smallint CHECK (ky_so IN (0, 1)),
    gui_dien_tu smallint CHECK (gui_dien_tu IN (0, 1)),
    gui_giay smallint CHECK (gui_giay IN (0, 1)),
    ma_ho_so_cong_viec text COLLATE "C",
    ngay_cap_nhat timestamp NOT NULL,
    da_xoa smallint NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    ngay_su_kien date GENERATED ALWAYS AS (
        CASE huong WHEN 'den' THEN ngay_den ELSE ngay_phat_hanh END::date
    ) STORED,
    ngay_ket_thuc date GENERATED ALWAYS AS (
        CASE
            WHEN huong = 'di' OR han_xu_ly IS NULL THEN '-infinity'::date
            WHEN ngay_hoan_thanh IS NOT NULL THEN greatest(ngay_hoan_thanh, ngay_den)::date
            ELSE 'infinity'::date
        END
    ) STORED,
    CHECK (huong <> 'den' OR ngay_den IS NOT NULL)
);
COMMENT ON TABLE core.van_ban IS
'Một dòng = một văn bản đến hoặc đi, không mật, ở trạng thái mới nhất mà nguồn đã cho biết. Không có trích yếu.';
COMMENT ON COLUMN core.van_ban.ngay_su_kien IS
'Ngày đến của văn bản đến, ngày phát hành của văn bản đi; NULL khi chưa phát hành.';
COMMENT ON COLUMN core.van_ban.ngay_ket_thuc IS
'Ngày hoàn thành của văn bản đến có hạn, không trước ngày đến; infinity khi chưa; -infinity khi không có hạn.';
COMMENT ON COLUMN core.van_ban.do_khan IS '1 thường, 2 khẩn, 3 thượng khẩn, 4 hoả tốc.';
COMMENT ON COLUMN core.van_ban.ma_ho_so_cong_viec IS
'Hồ sơ công việc mà văn bản thuộc về; hồ sơ ấy có thể chưa nhận được.';
CREATE INDEX van_ban_ngay_su_kien ON core.van_ban (ngay_su_kien);
CREATE INDEX van_ban_ngay_dang_ky ON core.van_ban ((ngay_dang_ky::date));
CREATE INDEX van_ban_ngay_ket_thuc ON core.van_ban (ngay_ket_thuc);
CREATE INDEX van_ban_so ON core.van_ban (ma_don_vi, so);
CREATE INDEX van_ban_ho_so_cong_viec ON core.van_ban (ma_ho_so_cong_viec);

CREATE TABLE core.ho_so_cong_viec (
    ma_hscv text COLLATE "C" PRIMARY KEY,
    ma_don_vi text COLLATE "C" NOT NULL,
    ngay_mo timestamp NOT NULL,
    han_giai_quyet timestamp,
    ngay_dong timestamp,
    trang_thai smallint NOT NULL CHECK (trang_thai BETWEEN -2 AND 4),
    tien_do int,
    tren_he_thong smallint NOT NULL CHECK (tren_he_thong IN (0, 1)),
    chi_giay smallint NOT NULL CHECK (chi_giay IN (0, 1)),
    ngay_cap_nhat timestamp NOT NULL,
    da_xoa smallint NOT NULL,
    batch_id bigint NOT NULL REFERENCES ops.batch,
    line_no bigint NOT NULL,
    ngay_ket_thuc date GENERATED ALWAYS AS (
        CASE
            WHEN trang_thai = 4 AND ngay_dong IS NOT NULL THEN greatest(ngay_dong, ngay_mo)::date
            ELSE 'infinity'::date
        END
    ) STORED
);
COMMENT ON TABLE core.ho_so_cong_viec IS
'Một dòng = một hồ sơ công việc ở trạng thái mới nhất mà nguồn đã cho biết. Không có tên hồ sơ.';
COMMENT ON COLUMN core.ho_so_cong_viec.trang_thai IS
'-2 trả về, -1 từ chối, 0 mới, 1 đang xử lý, 2 chờ duyệt, 3 đã duyệt, 4 hoàn thành.';
COMMENT ON COLUMN core.ho_so_cong_viec.tren_he_thong IS '1 khi mọi bước đều xử lý trên hệ thống.';
COMMENT ON COLUMN core.ho_so_cong_viec.chi_giay IS '1 khi hồ sơ chỉ có bản giấy, hệ thống chỉ ghi nhận.';
COMMENT ON COLUMN core.ho_so_cong_viec.ngay_ket_thuc IS
'Ngày đóng của hồ sơ hoàn thành (trạng thái 4), không trước ngày mở; infinity khi chưa đóng, chưa rõ.';
CREATE INDEX ho_so_cong_viec_ngay_ket_thuc ON core.ho_so_cong_viec (ngay_ket_thuc);

CREATE VIEW ops.so_van_ban_thieu AS
SELECT
    ma_don_vi,
    nam,
    chuoi_so,
    so_truoc + 1 AS tu_so,
    so - 1 AS den_so
FROM (
    SELECT
        ma_don_vi,
        so,
        extract(YEAR FROM ngay_dang_ky)::int AS nam,
        core.chuoi_so(huong, ky_hieu, loai_van_ban) AS chuoi_so,
        lag(so, 1, 0) OVER (
            PARTITION BY
                ma_don_vi,
                extract(YEAR FROM ngay_dang_ky),
                core.chuoi_so(huong, ky_hieu, loai_van_ban)
            ORDER BY so
        ) AS so_truoc
    FROM core.van_ban
    WHERE ngay_dang_ky IS NOT NULL
) AS day_so
WHERE so > so_truoc + 1;
COMMENT ON VIEW ops.so_van_ban_thieu IS
'Một dòng = một đoạn số văn bản mà kho không có trong dãy số của một đơn vị một năm: chưa nhận, bị loại, mật, bỏ số.';

-- Lines of all datasets that the lists of faults look for.
CREATE OR REPLACE VIEW core.dong_hien_hanh AS
SELECT
    'ho_so' AS dataset,
    ma_ho_so AS khoa,
    ngay_cap_nhat AS thoi_diem,
    batch_id,
    line_no
FROM core.ho_so
UNION ALL
SELECT
    'don_vi' AS dataset,
    p.ma_don_vi AS khoa,
    p.thoi_diem,
    p.batch_id,
    p.line_no
FROM core.don_vi_phien_ban AS p
WHERE
    NOT EXISTS (
        SELECT 1 FROM core.don_vi_phien_ban AS sau
        WHERE sau.ma_don_vi = p.ma_don_vi AND (sau.thoi_diem, sau.van_tay) > (p.thoi_diem, p.van_tay)
    )
UNION ALL
SELECT
    'tthc' AS dataset,
    p.ma_tthc AS khoa,
    p.thoi_diem,
    p.batch_id,
    p.line_no
FROM core.tthc_phien_ban AS p
WHERE
    NOT EXISTS (
        SELECT 1 FROM core.tthc_phien_ban AS sau
        WHERE sau.ma_tthc = p.ma_tthc AND (sau.thoi_diem, sau.van_tay) > (p.thoi_diem, p.van_tay)
    )
UNION ALL
SELECT
    'khai_bao' AS dataset,
    concat_ws(' ', k.ma_so_lieu, k.ma_don_vi, k.ky) AS khoa,
    k.ngay_khai AS thoi_diem,
    k.batch_id,
    k.line_no
FROM mart.khai_bao AS k
WHERE k.is_current
UNION ALL
-- Of ratings and of the status history only what belongs to a dossier with a finding: they are many.
SELECT
    'danh_gia' AS dataset,
    concat_ws(' ', ma_ho_so, thoi_gian_danh_gia) AS khoa,
    ngay_cap_nhat AS thoi_diem,
    batch_id,
    line_no
FROM core.danh_gia
WHERE ma_ho_so IN (SELECT split_part(f.khoa, ' ', 1) FROM ops.line_finding AS f)
UNION ALL
SELECT
    'qua_trinh' AS dataset,
    concat_ws(' ', ma_ho_so, trang_thai) AS khoa,
    thoi_gian AS thoi_diem,
    batch_id,
    line_no
FROM core.qua_trinh
WHERE ma_ho_so IN (SELECT split_part(f.khoa, ' ', 1) FROM ops.line_finding AS f)
UNION ALL
SELECT
    'van_ban' AS dataset,
    ma_van_ban AS khoa,
    ngay_cap_nhat AS thoi_diem,
    batch_id,
    line_no
FROM core.van_ban
UNION ALL
SELECT
    'ho_so_cong_viec' AS dataset,
    ma_hscv AS khoa,
    ngay_cap_nhat AS thoi_diem,
    batch_id,
    line_no
FROM core.ho_so_cong_viec;
