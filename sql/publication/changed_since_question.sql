-- One row: whether figures of the month :ky changed since :luc, of unit :don_vi or, without one, of anybody. Reads
-- only.
SELECT
    EXISTS(
        SELECT FROM ops.figure_change AS f
        WHERE
            f.ky_loai = 'thang'
            AND f.ky = :ky
            AND f.changed_at > :luc
            AND f.ma_don_vi = coalesce(CAST(:don_vi AS text), f.ma_don_vi)
    ) AS da_doi;
