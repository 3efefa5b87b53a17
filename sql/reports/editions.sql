-- One row is a published edition of a period with its entry of the ledger, in order; none where nothing is published.
-- Reads only.
SELECT
    b.so_cai,
    b.trang_thai,
    b.revision,
    b.luc,
    b.ma_bam,
    b.thay_boi,
    b.thay_luc
FROM mart.ban_cong_bo AS b
WHERE b.ky_loai = :ky_loai AND b.ky = :ky
ORDER BY b.so_cai ASC;
