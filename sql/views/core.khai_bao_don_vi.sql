CREATE VIEW core.khai_bao_don_vi WITH (security_invoker = on) AS
SELECT
    coalesce(n.ma_don_vi, k.ma_don_vi) AS ma_don_vi,
    k.ky,
    k.ma_so_lieu,
    k.ngay_khai,
    k.gia_tri,
    k.chuc_danh,
    k.batch_id,
    k.line_no
FROM core.khai_bao AS k
LEFT JOIN
    LATERAL (
        SELECT nghia.ma_don_vi
        FROM core.don_vi_nguon AS nghia
        WHERE
            nghia.ma_don_vi_nguon = k.ma_don_vi
            AND ((k.ky || '-01')::date + interval '1 month')::date - 1 BETWEEN nghia.valid_from AND nghia.valid_to
            -- A code of the reference file means its unit, whatever a source says.
            AND NOT EXISTS (
                SELECT 1 FROM core.don_vi AS d
                WHERE d.ma_don_vi = k.ma_don_vi
            )
        ORDER BY nghia.valid_from DESC, nghia.ma_don_vi ASC
        LIMIT 1
    ) AS n
    ON TRUE;
COMMENT ON VIEW core.khai_bao_don_vi IS
'Như core.khai_bao, nhưng mã mà lúc khai chỉ nguồn biết là mã của đơn vị trong danh mục, khi danh mục đã có.';
GRANT SELECT ON core.khai_bao_don_vi TO cchc_don_vi;
