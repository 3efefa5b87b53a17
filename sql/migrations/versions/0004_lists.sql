-- Lines that broke rules, and the lists for officers in mart.
-- Run once by Alembic inside a transaction.

-- Lines that broke rules -----------------------------------------------------------------------

CREATE TABLE ops.line_finding (
    batch_id bigint NOT NULL REFERENCES ops.batch ON DELETE CASCADE,
    line_no bigint NOT NULL,
    khoa text COLLATE "C",
    thoi_diem timestamp,
    ma_don_vi text COLLATE "C",
    bi_loai boolean NOT NULL,
    rule_ids text[] NOT NULL CHECK (cardinality(rule_ids) > 0),
    PRIMARY KEY (batch_id, line_no)
);
COMMENT ON TABLE ops.line_finding IS
'Một dòng = một dòng của tệp vi phạm ít nhất một quy tắc, dù bị loại hay chỉ bị cảnh báo.';
COMMENT ON COLUMN ops.line_finding.khoa IS
'Khoá của dòng (mã hồ sơ, mã đơn vị, mã gốc thủ tục), đã che như ops.reject.';
COMMENT ON COLUMN ops.line_finding.thoi_diem IS 'Thời điểm thay đổi ở nguồn; NULL khi không đọc được.';
COMMENT ON COLUMN ops.line_finding.ma_don_vi IS 'Đơn vị mà dòng thuộc về khi kiểm tra; NULL khi không rõ.';
COMMENT ON COLUMN ops.line_finding.bi_loai IS 'TRUE: dòng không được nạp, xem ops.reject; FALSE: chỉ cảnh báo.';

CREATE VIEW core.dong_hien_hanh AS
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
    );
COMMENT ON VIEW core.dong_hien_hanh IS
'Một dòng = dòng của tệp mà trạng thái mới nhất của một hồ sơ, đơn vị, thủ tục lấy từ đó. Mỗi bộ dữ liệu một nhánh.';

-- Lists for officers ---------------------------------------------------------------------------

CREATE VIEW core.tinh_den AS
SELECT
    dataset,
    max(extracted_at) AS tinh_den
FROM ops.batch
WHERE status = 'loaded'
GROUP BY dataset;
COMMENT ON VIEW core.tinh_den IS
'Một dòng = một bộ dữ liệu và thời điểm cuối cùng mà nguồn của nó cho biết, theo các lô đã nạp.';

CREATE FUNCTION core.don_vi_cho_bi(ngay date)
RETURNS TABLE (ma_goc text, ma_don_vi text, ten_don_vi text, cap text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
SELECT d.ma_goc, d.ma_don_vi, d.ten_don_vi, d.cap FROM core.don_vi_tai_ngay(don_vi_cho_bi.ngay) AS d
$$;
COMMENT ON FUNCTION core.don_vi_cho_bi(date) IS
'Như core.don_vi_tai_ngay, dùng được trong khung nhìn của mart bởi người chỉ đọc mart.';

CREATE VIEW core.trang_thai AS
SELECT
    t.ma::smallint AS trang_thai_ho_so,
    t.ten
FROM (
    VALUES
    (1, 'Mới đăng ký'),
    (2, 'Được tiếp nhận'),
    (3, 'Không được tiếp nhận'),
    (4, 'Đang xử lý'),
    (5, 'Yêu cầu bổ sung giấy tờ'),
    (6, 'Yêu cầu thực hiện nghĩa vụ tài chính'),
    (7, 'Công dân yêu cầu rút hồ sơ'),
    (8, 'Dừng xử lý'),
    (9, 'Đã xử lý xong'),
    (10, 'Đã trả kết quả')
) AS t (ma, ten);
COMMENT ON VIEW core.trang_thai IS 'Một dòng = một trạng thái hồ sơ theo chuẩn đồng bộ quốc gia.';

CREATE VIEW core.ho_so_dang_mo AS
WITH moc AS (
    SELECT tinh_den FROM core.tinh_den
    WHERE dataset = 'ho_so'
),

don_vi AS (
    SELECT d.*
    FROM moc
    CROSS JOIN LATERAL core.don_vi_cho_bi(moc.tinh_den::date) AS d
),

tthc AS (
    -- What was last known of the procedure, also when it has ended.
    SELECT DISTINCT ON (ma_tthc)
        ma_tthc,
        ten_tthc
    FROM core.tthc
    ORDER BY ma_tthc ASC, valid_from DESC
)

SELECT
    moc.tinh_den,
    coalesce(don_vi.ma_don_vi, h.ma_don_vi) AS ma_don_vi,
    don_vi.ten_don_vi,
    don_vi.cap,
    h.ma_ho_so,
    h.ma_tthc,
    tthc.ten_tthc,
    h.ngay_tiep_nhan,
    h.ngay_hen_tra,
    h.trang_thai_ho_so,
    s.ten AS trang_thai,
    h.batch_id,
    ops.mask_text(b.original_name) AS ten_tep,
    h.line_no
FROM core.ho_so AS h
CROSS JOIN moc
-- Each finds exactly one row; an inner join would let the planner expect far fewer.
LEFT JOIN ops.batch AS b ON h.batch_id = b.batch_id
LEFT JOIN core.trang_thai AS s ON h.trang_thai_ho_so = s.trang_thai_ho_so
LEFT JOIN don_vi ON h.ma_don_vi = don_vi.ma_goc
LEFT JOIN tthc ON h.ma_tthc_goc = tthc.ma_tthc
WHERE
    h.ngay_ket_thuc = 'infinity'
    AND h.ky_tiep_nhan < 'infinity'
    -- 1 and 3 were not received; 8 is stopped: nobody works on it any more.
    AND h.trang_thai_ho_so NOT IN (1, 3, 8)
    AND coalesce(h.da_xoa, 0) <> 1;
COMMENT ON VIEW core.ho_so_dang_mo IS
'Một dòng = một hồ sơ đã tiếp nhận, chưa kết thúc, không dừng, vào thời điểm cuối cùng mà nguồn cho biết (tinh_den).';

CREATE VIEW mart.ho_so_qua_han AS
SELECT
    h.tinh_den,
    h.ma_don_vi,
    h.ten_don_vi,
    h.cap,
    h.ma_ho_so,
    h.ma_tthc,
    h.ten_tthc,
    h.ngay_tiep_nhan,
    h.ngay_hen_tra,
    -- A list does not fail for days that the calendar does not hold: their number is unknown.
    CASE
        WHEN h.ngay_hen_tra::date >= lich.tu AND h.tinh_den::date <= lich.den
            THEN core.so_ngay_lam_viec(h.ngay_hen_tra::date, h.tinh_den::date)
    END AS so_ngay_lam_viec_tre,
    h.trang_thai_ho_so,
    h.trang_thai,
    h.batch_id,
    h.ten_tep,
    h.line_no
FROM core.ho_so_dang_mo AS h
CROSS JOIN (
    SELECT
        min(ngay) AS tu,
        max(ngay) AS den
    FROM core.lich
) AS lich
-- What ends on the day it is due is in time, so it is late once that day is over.
WHERE h.ngay_hen_tra::date < h.tinh_den::date;
COMMENT ON VIEW mart.ho_so_qua_han IS
'Một dòng = một hồ sơ còn mở, không dừng, mà ngày hẹn trả đã qua vào lúc tinh_den.';
COMMENT ON COLUMN mart.ho_so_qua_han.tinh_den IS 'Thời điểm cuối cùng mà nguồn cho biết, không phải giờ chạy máy.';
COMMENT ON COLUMN mart.ho_so_qua_han.ma_don_vi IS
'Mã đơn vị trả lời vào ngày của tinh_den: đơn vị giải quyết, hoặc đơn vị kế thừa nó.';
COMMENT ON COLUMN mart.ho_so_qua_han.ten_don_vi IS 'Tên đơn vị vào ngày đó.';
COMMENT ON COLUMN mart.ho_so_qua_han.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.ho_so_qua_han.ma_ho_so IS 'Mã hồ sơ.';
COMMENT ON COLUMN mart.ho_so_qua_han.ma_tthc IS 'Mã thủ tục như nguồn ghi.';
COMMENT ON COLUMN mart.ho_so_qua_han.ten_tthc IS 'Tên thủ tục; NULL khi danh mục không có.';
COMMENT ON COLUMN mart.ho_so_qua_han.ngay_tiep_nhan IS 'Thời điểm tiếp nhận.';
COMMENT ON COLUMN mart.ho_so_qua_han.ngay_hen_tra IS 'Ngày hẹn trả mà nguồn ghi, không tính lại.';
COMMENT ON COLUMN mart.ho_so_qua_han.so_ngay_lam_viec_tre IS
'Số ngày làm việc từ sau ngày hẹn trả đến hết ngày của tinh_den; NULL khi lịch làm việc chưa khai các năm đó.';
COMMENT ON COLUMN mart.ho_so_qua_han.trang_thai_ho_so IS 'Mã trạng thái; 9, 10 ở đây là hồ sơ thiếu ngày kết thúc.';
COMMENT ON COLUMN mart.ho_so_qua_han.trang_thai IS 'Trạng thái bằng chữ.';
COMMENT ON COLUMN mart.ho_so_qua_han.batch_id IS 'Lô đã mang trạng thái này về.';
COMMENT ON COLUMN mart.ho_so_qua_han.ten_tep IS 'Tên tệp của lô.';
COMMENT ON COLUMN mart.ho_so_qua_han.line_no IS 'Số thứ tự dòng trong tệp.';

CREATE VIEW mart.ho_so_sap_den_han AS
WITH moc AS MATERIALIZED (
    SELECT
        core.cong_gio_lam_viec(t.tinh_den, 24) AS den,
        (SELECT max(l.ngay) FROM core.lich AS l) AS lich_den
    FROM core.tinh_den AS t
    WHERE t.dataset = 'ho_so'
)

SELECT
    h.tinh_den,
    h.ma_don_vi,
    h.ten_don_vi,
    h.cap,
    h.ma_ho_so,
    h.ma_tthc,
    h.ten_tthc,
    h.ngay_tiep_nhan,
    h.ngay_hen_tra,
    greatest(round(core.phut_lam_viec(h.tinh_den, h.ngay_hen_tra) / 60, 2), 0) AS so_gio_lam_viec_con_lai,
    h.trang_thai_ho_so,
    h.trang_thai,
    h.batch_id,
    h.ten_tep,
    h.line_no
FROM core.ho_so_dang_mo AS h
CROSS JOIN moc
WHERE
    h.ngay_hen_tra::date >= h.tinh_den::date
    AND (
        h.ngay_hen_tra <= moc.den
        -- Due after the office has closed and before it opens again: nobody works in between.
        OR (h.ngay_hen_tra::date <= moc.lich_den AND core.phut_lam_viec(moc.den, h.ngay_hen_tra) = 0)
    );
COMMENT ON VIEW mart.ho_so_sap_den_han IS
'Một dòng = một hồ sơ còn mở, chưa quá hạn, đến hạn trong 24 giờ làm việc (3 ngày × 8 giờ) sau tinh_den.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.tinh_den IS 'Thời điểm cuối cùng mà nguồn cho biết, không phải giờ chạy máy.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ma_don_vi IS
'Mã đơn vị trả lời vào ngày của tinh_den: đơn vị giải quyết, hoặc đơn vị kế thừa nó.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ten_don_vi IS 'Tên đơn vị vào ngày đó.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ma_ho_so IS 'Mã hồ sơ.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ma_tthc IS 'Mã thủ tục như nguồn ghi.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ten_tthc IS 'Tên thủ tục; NULL khi danh mục không có.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ngay_tiep_nhan IS 'Thời điểm tiếp nhận.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ngay_hen_tra IS 'Ngày hẹn trả mà nguồn ghi, không tính lại.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.so_gio_lam_viec_con_lai IS
'Số giờ làm việc từ tinh_den đến giờ hẹn trả theo core.lich; 0 khi giờ hẹn đã qua mà ngày hẹn chưa hết.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.trang_thai_ho_so IS
'Mã trạng thái; 9, 10 ở đây là hồ sơ thiếu ngày kết thúc.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.trang_thai IS 'Trạng thái bằng chữ.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.batch_id IS 'Lô đã mang trạng thái này về.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.ten_tep IS 'Tên tệp của lô.';
COMMENT ON COLUMN mart.ho_so_sap_den_han.line_no IS 'Số thứ tự dòng trong tệp.';

CREATE VIEW mart.dong_loi AS
WITH moi_nhat AS (
    -- A line rejected again and again counts once, as it came last.
    SELECT
        f.*,
        b.dataset,
        b.extracted_at,
        b.original_name,
        rank() OVER (
            PARTITION BY b.dataset, f.bi_loai, coalesce(f.khoa, f.batch_id || '/' || f.line_no)
            ORDER BY b.extracted_at DESC, f.batch_id DESC
        ) AS hang
    FROM ops.line_finding AS f
    INNER JOIN ops.batch AS b ON f.batch_id = b.batch_id
    WHERE b.status = 'loaded'
),

con_loi AS (
    SELECT f.*
    FROM moi_nhat AS f
    WHERE
        f.bi_loai
        AND f.hang = 1
        -- Corrected when the warehouse has since got a state that is as new as the rejected one. A time of
        -- change after the export is wrong itself; an unreadable one is not known.
        AND NOT EXISTS (
            SELECT 1
            FROM core.dong_hien_hanh AS h
            WHERE
                h.dataset = f.dataset
                AND h.khoa = f.khoa
                AND h.thoi_diem >= least(f.thoi_diem, f.extracted_at)
        )
    UNION ALL
    SELECT f.*
    FROM moi_nhat AS f
    WHERE
        NOT f.bi_loai
        -- A warning stands as long as the warehouse goes by that line.
        AND EXISTS (
            SELECT 1
            FROM core.dong_hien_hanh AS h
            WHERE
                h.dataset = f.dataset
                AND h.khoa = f.khoa
                AND h.batch_id = f.batch_id
                AND h.line_no = f.line_no
        )
),

don_vi AS (
    SELECT d.*
    FROM (SELECT max(tinh_den)::date AS ngay FROM core.tinh_den) AS moc
    CROSS JOIN LATERAL core.don_vi_cho_bi(moc.ngay) AS d
)

SELECT
    f.dataset,
    CASE v.severity WHEN 'critical' THEN 'loai' ELSE 'canh_bao' END AS muc_do,
    v.rule_id,
    v.reason AS ly_do,
    coalesce(don_vi.ma_don_vi, 'KHONG_RO') AS ma_don_vi,
    coalesce(don_vi.ten_don_vi, 'Không rõ đơn vị') AS ten_don_vi,
    don_vi.cap,
    f.khoa,
    f.bi_loai,
    f.batch_id,
    f.extracted_at AS xuat_luc,
    ops.mask_text(f.original_name) AS ten_tep,
    f.line_no
FROM con_loi AS f
CROSS JOIN LATERAL unnest(f.rule_ids) AS r (rule_id)
INNER JOIN ops.validation_result AS v ON f.batch_id = v.batch_id AND r.rule_id = v.rule_id
LEFT JOIN don_vi ON f.ma_don_vi = don_vi.ma_goc;
COMMENT ON VIEW mart.dong_loi IS
'Một dòng = một dòng của tệp vi phạm một quy tắc và chưa được sửa: bị loại, hoặc đã nạp kèm cảnh báo.';
COMMENT ON COLUMN mart.dong_loi.dataset IS 'Bộ dữ liệu: ho_so, tthc, don_vi…';
COMMENT ON COLUMN mart.dong_loi.muc_do IS 'Mức của quy tắc: loai (dòng không được nạp) hoặc canh_bao.';
COMMENT ON COLUMN mart.dong_loi.rule_id IS 'Mã quy tắc trong expectations/.';
COMMENT ON COLUMN mart.dong_loi.ly_do IS 'Vì sao là lỗi.';
COMMENT ON COLUMN mart.dong_loi.ma_don_vi IS
'Mã đơn vị trả lời hiện nay; KHONG_RO khi dòng không ứng với đơn vị nào.';
COMMENT ON COLUMN mart.dong_loi.ten_don_vi IS 'Tên đơn vị, hoặc "Không rõ đơn vị".';
COMMENT ON COLUMN mart.dong_loi.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa; NULL khi không rõ.';
COMMENT ON COLUMN mart.dong_loi.khoa IS 'Mã hồ sơ, mã thủ tục hoặc mã đơn vị của dòng; NULL khi thiếu.';
COMMENT ON COLUMN mart.dong_loi.bi_loai IS 'Dòng có bị loại không; dòng bị loại còn mang cả các cảnh báo của nó.';
COMMENT ON COLUMN mart.dong_loi.batch_id IS 'Lô mang dòng này về.';
COMMENT ON COLUMN mart.dong_loi.xuat_luc IS 'Thời điểm lô được xuất ở nguồn.';
COMMENT ON COLUMN mart.dong_loi.ten_tep IS 'Tên tệp của lô.';
COMMENT ON COLUMN mart.dong_loi.line_no IS 'Số thứ tự dòng trong tệp.';

CREATE VIEW mart.loi_du_lieu AS
SELECT
    dataset,
    muc_do,
    rule_id,
    ma_don_vi,
    ten_don_vi,
    cap,
    min(ly_do) AS ly_do,
    count(*) AS so_dong,
    count(*) FILTER (WHERE bi_loai) AS so_dong_bi_loai,
    max(batch_id) AS batch_id_moi_nhat,
    max(xuat_luc) AS xuat_luc_moi_nhat
FROM mart.dong_loi
GROUP BY dataset, muc_do, rule_id, ma_don_vi, ten_don_vi, cap;
COMMENT ON VIEW mart.loi_du_lieu IS
'Một dòng = số dòng lỗi chưa sửa của một đơn vị theo một quy tắc; từng dòng lỗi ở mart.dong_loi.';
COMMENT ON COLUMN mart.loi_du_lieu.dataset IS 'Bộ dữ liệu: ho_so, tthc, don_vi…';
COMMENT ON COLUMN mart.loi_du_lieu.muc_do IS 'Mức của quy tắc: loai (dòng không được nạp) hoặc canh_bao.';
COMMENT ON COLUMN mart.loi_du_lieu.rule_id IS 'Mã quy tắc trong expectations/.';
COMMENT ON COLUMN mart.loi_du_lieu.ma_don_vi IS
'Mã đơn vị trả lời hiện nay; KHONG_RO khi dòng không ứng với đơn vị nào.';
COMMENT ON COLUMN mart.loi_du_lieu.ten_don_vi IS 'Tên đơn vị, hoặc "Không rõ đơn vị".';
COMMENT ON COLUMN mart.loi_du_lieu.cap IS 'Cấp của đơn vị: so_nganh, huyen, xa; NULL khi không rõ.';
COMMENT ON COLUMN mart.loi_du_lieu.ly_do IS 'Vì sao là lỗi.';
COMMENT ON COLUMN mart.loi_du_lieu.so_dong IS 'Số dòng; một dòng phạm hai quy tắc thì đếm ở cả hai.';
COMMENT ON COLUMN mart.loi_du_lieu.so_dong_bi_loai IS 'Trong đó số dòng không được nạp.';
COMMENT ON COLUMN mart.loi_du_lieu.batch_id_moi_nhat IS 'Lô mới nhất có lỗi này.';
COMMENT ON COLUMN mart.loi_du_lieu.xuat_luc_moi_nhat IS 'Thời điểm xuất ở nguồn của lô mới nhất có lỗi này.';
