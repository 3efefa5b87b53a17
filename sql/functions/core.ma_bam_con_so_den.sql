-- In place where it is called, as core.ma_tong.
CREATE FUNCTION core.ma_bam_con_so_den(so_cai bigint, cac_thang text[], cac_phep_do smallint[] DEFAULT NULL)
RETURNS TABLE (ky_loai text, ky text, ma_chi_so text, ma_don_vi text, ma_bam text)
LANGUAGE sql STABLE AS $$
SELECT
    k.ky_loai,
    k.ky,
    dn.ma_chi_so,
    nhom.ma_don_vi,
    encode(
        sha256(
            convert_to(
                string_agg(
                    concat_ws(chr(31), d.ky, d.nua, d.ma_don_vi, d.phep_do, d.ma_bam),
                    chr(10)
                    ORDER BY d.ky, d.nua, d.ma_don_vi, d.phep_do
                ),
                'UTF8'
            )
        ),
        'hex'
    ) AS ma_bam
FROM mart.ky AS k
CROSS JOIN
    LATERAL (
        SELECT max(doan.tu_ngay) AS tu_ngay
        FROM core.doan
        WHERE doan.tu_ngay BETWEEN k.tu_ngay AND k.den_ngay
    ) AS cuoi
INNER JOIN core.dem_den(ma_bam_con_so_den.so_cai) AS d
    ON
        d.ky = ANY(ma_bam_con_so_den.cac_thang)
        -- Of one figure: the others are not looked at.
        AND (ma_bam_con_so_den.cac_phep_do IS NULL OR d.phep_do = ANY(ma_bam_con_so_den.cac_phep_do))
        AND d.ky BETWEEN to_char(k.tu_ngay, 'YYYY-MM') AND to_char(k.den_ngay, 'YYYY-MM')
        AND d.so <> 0
INNER JOIN core.phep_do AS p
    ON
        d.phep_do = p.phep_do
        AND core.tinh_vao_ky(p.cong_don, core.dau_nua_thang(d.ky, d.nua), k.tu_ngay, cuoi.tu_ngay)
INNER JOIN core.don_vi_cong_bo AS dv
    ON dv.so_cai = ma_bam_con_so_den.so_cai AND k.den_ngay = dv.ngay AND d.ma_don_vi = dv.ma_goc
INNER JOIN (
    SELECT DISTINCT
        n.ma_chi_so,
        n.phep_do
    FROM core.thuat_ngu_cong_bo AS n
    WHERE n.so_cai = ma_bam_con_so_den.so_cai
) AS dn
    ON d.phep_do = dn.phep_do
CROSS JOIN
    LATERAL (
        VALUES
        (dv.ma_don_vi), (core.ma_tong(dv.cap)), (core.ma_tong('toan_tinh'))
    ) AS nhom (ma_don_vi)
GROUP BY k.ky_loai, k.ky, dn.ma_chi_so, nhom.ma_don_vi
$$;
COMMENT ON FUNCTION core.ma_bam_con_so_den(bigint, text[], smallint[]) IS
'Một dòng = SHA-256 của các dòng đứng sau một con số trong một kỳ mà mọi tháng ở trong cac_thang, như ghi sổ tính '
'đến một dòng sổ: mọi phép đo của mọi đơn vị mà nó cộng.';
GRANT EXECUTE ON FUNCTION core.ma_bam_con_so_den(bigint, text[], smallint[]) TO cchc_steward;
