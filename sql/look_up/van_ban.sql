-- One row is one line of the batch with its unit (on its day, else on that of the export, if it took over), whether
-- another document bears its number, and its time to act.
-- A view over the batch (`batch_rows`): reads only; one line stays one row because core ranges never overlap.
SELECT
    van_ban.*,
    -- Each of the two has until the next working day (NĐ 30): what arrived to be registered, what was
    -- registered to be sent out. NULL for days that the calendar lacks.
    xong.so_ngay_lam_viec_truoc + xong.la_ngay_lam_viec::int
    - tu.so_ngay_lam_viec_truoc - tu.la_ngay_lam_viec::int AS vao_so_sau,
    coalesce(
        coalesce(van_ban.da_xoa, 0) <> 1
        AND van_ban.so IS NOT NULL
        AND van_ban.biet_noi_vao_so
        AND van_ban.ma_don_vi IS NOT NULL
        AND van_ban.nam_so IS NOT NULL
        AND (
            min(van_ban.ma_van_ban) OVER cung_so <> max(van_ban.ma_van_ban) OVER cung_so
            OR EXISTS (
                SELECT 1
                FROM core.van_ban AS cu
                WHERE
                    cu.ma_don_vi = van_ban.ma_don_vi
                    AND cu.so = van_ban.so
                    AND extract(YEAR FROM cu.ngay_dang_ky) = van_ban.nam_so
                    AND core.chuoi_so(cu.huong, cu.ky_hieu, cu.loai_van_ban) = van_ban.chuoi_so
                    AND cu.ma_van_ban <> van_ban.ma_van_ban
                    AND cu.da_xoa <> 1
                    -- What the batch itself brings anew is compared within the batch.
                    AND NOT EXISTS (
                        SELECT 1
                        FROM batch_rows AS moi
                        WHERE moi.ma_van_ban = cu.ma_van_ban
                    )
            )
        ),
        FALSE
    ) AS so_trung
FROM (
    SELECT
        batch_rows.*,
        coalesce(
            dv.ma_don_vi,
            CASE cardinality(sau.ung_vien)
                WHEN 1 THEN core.don_vi_goc(sau.ung_vien[1], sau.ma_don_vi)
                ELSE sau.ma_don_vi
            END
        ) AS ma_don_vi,
        -- Numbers run by unit: of one that took over from several it is not known in whose series a number is.
        dv.ma_don_vi IS NOT NULL OR cardinality(sau.ung_vien) = 1 AS biet_noi_vao_so,
        extract(YEAR FROM batch_rows.ngay_dang_ky) AS nam_so,
        core.chuoi_so(batch_rows.huong, batch_rows.ky_hieu, batch_rows.loai_van_ban) AS chuoi_so,
        CASE batch_rows.huong WHEN 'den' THEN batch_rows.ngay_den ELSE batch_rows.ngay_dang_ky END::date AS vao_so_tu,
        CASE batch_rows.huong WHEN 'den' THEN batch_rows.ngay_dang_ky ELSE batch_rows.ngay_phat_hanh END::date
            AS vao_so_ngay
    FROM batch_rows
    LEFT JOIN core.don_vi_khoa AS dv
        ON
            batch_rows.don_vi_khoa = dv.khoa
            AND coalesce(
                CASE batch_rows.huong WHEN 'den' THEN batch_rows.ngay_den ELSE batch_rows.ngay_dang_ky END,
                batch_rows.ngay_phat_hanh,
                batch_rows.ngay_dang_ky,
                batch_rows.ngay_van_ban,
                batch_rows.ngay_cap_nhat
            )::date
            BETWEEN dv.valid_from AND dv.valid_to
    LEFT JOIN
        LATERAL core.don_vi_chuyen_sang(
            CASE WHEN dv.ma_don_vi IS NULL THEN batch_rows.don_vi_khoa END,
            coalesce(
                CASE batch_rows.huong WHEN 'den' THEN batch_rows.ngay_den ELSE batch_rows.ngay_dang_ky END,
                batch_rows.ngay_phat_hanh,
                batch_rows.ngay_dang_ky,
                batch_rows.ngay_van_ban,
                batch_rows.ngay_cap_nhat
            )::date,
            batch_rows.exported_at::date
        ) AS sau
        ON TRUE
) AS van_ban
LEFT JOIN core.lich AS tu ON van_ban.vao_so_tu = tu.ngay
LEFT JOIN core.lich AS xong ON van_ban.vao_so_ngay = xong.ngay
WINDOW
    cung_so AS (
        PARTITION BY
            van_ban.biet_noi_vao_so,
            van_ban.ma_don_vi,
            van_ban.so,
            van_ban.nam_so,
            van_ban.chuoi_so,
            coalesce(van_ban.da_xoa, 0)
    )
