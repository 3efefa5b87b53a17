-- One row is one line of the batch with what is known of its dossier.
-- A view over the batch (`batch_rows`): reads only; one line stays one row because a dossier stands once in core.ho_so.
SELECT
    batch_rows.*,
    h.ngay_tiep_nhan,
    h.ma_don_vi AS don_vi_giai_quyet,
    h.ma_ho_so IS NOT NULL AS ho_so_da_biet
FROM batch_rows
LEFT JOIN core.ho_so AS h ON batch_rows.ma_ho_so = h.ma_ho_so
