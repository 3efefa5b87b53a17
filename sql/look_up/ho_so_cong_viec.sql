-- One row is one line of the batch with the unit that its name or code means on the day of opening.
-- A view over the batch (`batch_rows`): reads only; one line stays one row because core ranges never overlap.
SELECT
    batch_rows.*,
    dv.ma_don_vi
FROM batch_rows
LEFT JOIN core.don_vi_khoa AS dv
    ON
        batch_rows.don_vi_khoa = dv.khoa
        AND coalesce(batch_rows.ngay_mo, batch_rows.ngay_cap_nhat)::date BETWEEN dv.valid_from AND dv.valid_to
