-- One row is one line of the batch with the unit that its name or code means on the day of opening.
-- A view over the batch (`lo`): reads only; one line stays one row because core ranges never overlap.
SELECT
    lo.*,
    dv.ma_don_vi
FROM lo
LEFT JOIN core.don_vi_khoa AS dv
    ON
        lo.don_vi_khoa = dv.khoa
        AND coalesce(lo.ngay_mo, lo.ngay_cap_nhat)::date BETWEEN dv.valid_from AND dv.valid_to
