-- One row is one procedure that one unit provides on the last day of the period (:den_ngay).
-- Reads only; the catalogue keeps its history, so a month counted again gives the same rows.
SELECT
    c.ma_don_vi,
    c.ma_tthc,
    CAST(NULL AS timestamp) AS ngay_cap_nhat,
    c.muc_do
FROM core.tthc_don_vi AS c
WHERE CAST(:den_ngay AS date) BETWEEN c.valid_from AND c.valid_to
