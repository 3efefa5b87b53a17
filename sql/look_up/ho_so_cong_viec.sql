-- One row is one line of the batch with the unit that its name or code means on the day of opening,
-- else on the day of the export, if that one took over.
-- A view over the batch (`batch_rows`): reads only; one line stays one row because core ranges never overlap.
SELECT
    batch_rows.*,
    coalesce(
        dv.ma_don_vi,
        CASE cardinality(sau.ung_vien)
            WHEN 1 THEN core.don_vi_goc(sau.ung_vien[1], sau.ma_don_vi)
            ELSE sau.ma_don_vi
        END
    ) AS ma_don_vi
FROM batch_rows
LEFT JOIN core.don_vi_khoa AS dv
    ON
        batch_rows.don_vi_khoa = dv.khoa
        AND coalesce(batch_rows.ngay_mo, batch_rows.ngay_cap_nhat)::date BETWEEN dv.valid_from AND dv.valid_to
LEFT JOIN
    LATERAL core.don_vi_chuyen_sang(
        CASE WHEN dv.ma_don_vi IS NULL THEN batch_rows.don_vi_khoa END,
        coalesce(batch_rows.ngay_mo, batch_rows.ngay_cap_nhat)::date,
        batch_rows.exported_at::date
    ) AS sau
    ON TRUE
