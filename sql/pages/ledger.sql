-- One row is an entry of the ledger, the newest first; :ky NULL: of all months; :truoc: those before an entry.
-- Reads only.
SELECT
    s.so,
    s.loai,
    s.ten_loai,
    s.ky,
    s.ma_don_vi,
    s.ten_don_vi,
    s.luc,
    s.nguoi,
    s.nguoi_duyet,
    s.ly_do,
    s.cac_ky,
    s.ma_bam_truoc,
    s.ma_bam
FROM mart.so_cai AS s
WHERE
    (CAST(:ky AS text) IS NULL OR s.ky = :ky)
    AND (CAST(:truoc AS bigint) IS NULL OR s.so < :truoc)
ORDER BY s.so DESC
LIMIT CAST(:so_dong AS bigint);
