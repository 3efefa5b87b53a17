-- One row is one procedure that one unit provides in a range of days that touches the month.
-- Reads only; the catalogue keeps its history, so a month counted again gives the same rows.
SELECT
    c.ma_don_vi,
    c.ma_tthc,
    '' AS ma_linh_vuc,
    CAST(NULL AS timestamp) AS ngay_cap_nhat,
    c.muc_do,
    c.valid_from,
    c.valid_to,
    coalesce(tt.du_dieu_kien_toan_trinh, 0) = 1 AS du_dieu_kien,
    coalesce(tt.co_phi, 0) = 1 AS co_phi
FROM core.tthc_don_vi AS c
LEFT JOIN (
    SELECT DISTINCT ON (ma_tthc)
        ma_tthc,
        du_dieu_kien_toan_trinh,
        co_phi
    FROM core.tthc
    WHERE valid_from <= CAST(:den_ngay AS date)
    ORDER BY ma_tthc ASC, valid_from DESC
) AS tt
    ON c.ma_tthc = tt.ma_tthc
WHERE c.valid_from <= CAST(:den_ngay AS date) AND c.valid_to >= CAST(:tu_ngay AS date)
