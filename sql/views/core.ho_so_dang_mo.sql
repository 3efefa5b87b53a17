CREATE VIEW core.ho_so_dang_mo WITH (security_invoker = on) AS
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
    t.ten_tep,
    h.line_no
FROM core.ho_so AS h
CROSS JOIN moc
-- Each finds exactly one row; an inner join would let the planner expect far fewer.
LEFT JOIN core.ten_tep AS t ON h.batch_id = t.batch_id
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
GRANT SELECT ON core.ho_so_dang_mo TO cchc_don_vi;
