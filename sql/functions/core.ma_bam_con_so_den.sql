-- In place where it is called, as core.ma_tong. What is put together is numbered first: a figure's hash is over up to
-- all counts of its period in order, and there are as many hashes as figures.
CREATE FUNCTION core.ma_bam_con_so_den(
    so_cai bigint, cac_ky_loai text[], cac_ky text[], cua_chi_so text DEFAULT NULL, cua_don_vi text DEFAULT NULL
)
RETURNS TABLE (ky_loai text, ky text, ma_chi_so text, ma_don_vi text, ma_bam text)
LANGUAGE sql STABLE AS $$
WITH cac_ky AS MATERIALIZED (
    SELECT
        row_number() OVER (ORDER BY k.ky_loai, k.ky) AS so_ky,
        k.ky_loai,
        k.ky,
        k.tu_ngay,
        k.den_ngay,
        (
            SELECT max(doan.tu_ngay)
            FROM core.doan
            WHERE doan.tu_ngay BETWEEN k.tu_ngay AND k.den_ngay
        ) AS cuoi
    FROM mart.ky AS k
    INNER JOIN unnest(ma_bam_con_so_den.cac_ky_loai, ma_bam_con_so_den.cac_ky) AS chon (ky_loai, ky)
        ON k.ky_loai = chon.ky_loai AND k.ky = chon.ky
),

nghia AS MATERIALIZED (
    SELECT
        n.ma_chi_so,
        n.phep_do,
        dense_rank() OVER (ORDER BY n.ma_chi_so) AS so_chi_so
    FROM core.thuat_ngu_cong_bo AS n
    WHERE
        n.so_cai = ma_bam_con_so_den.so_cai
        AND (ma_bam_con_so_den.cua_chi_so IS NULL OR n.ma_chi_so = ma_bam_con_so_den.cua_chi_so)
    GROUP BY n.ma_chi_so, n.phep_do
),

nhom AS MATERIALIZED (
    SELECT
        dv.ngay,
        dv.ma_goc,
        o.ma_don_vi,
        dense_rank() OVER (ORDER BY o.ma_don_vi) AS so_nhom
    FROM core.don_vi_cong_bo AS dv
    CROSS JOIN
        LATERAL (
            VALUES
            (dv.ma_don_vi), (core.ma_tong(dv.cap)), (core.ma_tong('toan_tinh'))
        ) AS o (ma_don_vi)
    WHERE
        dv.so_cai = ma_bam_con_so_den.so_cai
        AND dv.ngay IN (SELECT c.den_ngay FROM cac_ky AS c)
        AND (ma_bam_con_so_den.cua_don_vi IS NULL OR o.ma_don_vi = ma_bam_con_so_den.cua_don_vi)
),

dem AS MATERIALIZED (
    SELECT
        d.ma_don_vi,
        d.phep_do,
        p.cong_don,
        core.dau_nua_thang(d.ky, d.nua) AS nua_tu,
        concat_ws(chr(31), d.ky, d.nua, d.ma_don_vi, d.phep_do, d.ma_bam) AS ghi,
        row_number() OVER (ORDER BY d.ky, d.nua, d.ma_don_vi, d.phep_do) AS thu_tu
    FROM core.dem_den(ma_bam_con_so_den.so_cai) AS d
    INNER JOIN core.phep_do AS p ON d.phep_do = p.phep_do
    WHERE
        d.so <> 0
        -- Arrays: what is asked so is found by index.
        AND d.ky = ANY(
            ARRAY(
                SELECT to_char(t.ngay, 'YYYY-MM')
                FROM cac_ky AS c
                CROSS JOIN
                    LATERAL generate_series(date_trunc('month', c.tu_ngay), c.den_ngay, '1 month') AS t (ngay)
            )
        )
        AND (
            ma_bam_con_so_den.cua_don_vi IS NULL
            OR d.ma_don_vi = ANY(ARRAY(SELECT nh.ma_goc FROM nhom AS nh))
        )
        AND (
            ma_bam_con_so_den.cua_chi_so IS NULL
            OR d.phep_do = ANY(ARRAY(SELECT n.phep_do FROM nghia AS n))
        )
),

bam AS (
    SELECT
        c.so_ky,
        n.so_chi_so,
        nh.so_nhom,
        encode(
            sha256(convert_to(string_agg(d.ghi, chr(10) ORDER BY d.thu_tu), 'UTF8')), 'hex'
        ) AS ma_bam
    FROM cac_ky AS c
    INNER JOIN dem AS d ON core.tinh_vao_ky(d.cong_don, d.nua_tu, c.tu_ngay, c.cuoi)
    INNER JOIN nghia AS n ON d.phep_do = n.phep_do
    INNER JOIN nhom AS nh ON c.den_ngay = nh.ngay AND d.ma_don_vi = nh.ma_goc
    GROUP BY c.so_ky, n.so_chi_so, nh.so_nhom
)

SELECT
    c.ky_loai,
    c.ky,
    n.ma_chi_so,
    nh.ma_don_vi,
    bam.ma_bam
FROM bam
INNER JOIN cac_ky AS c ON bam.so_ky = c.so_ky
INNER JOIN (SELECT DISTINCT x.so_chi_so, x.ma_chi_so FROM nghia AS x) AS n ON bam.so_chi_so = n.so_chi_so
INNER JOIN (SELECT DISTINCT x.so_nhom, x.ma_don_vi FROM nhom AS x) AS nh ON bam.so_nhom = nh.so_nhom
$$;
COMMENT ON FUNCTION core.ma_bam_con_so_den(bigint, text[], text[], text, text) IS
'Một dòng = SHA-256 của các dòng đứng sau một con số trong một kỳ, như ghi sổ tính đến một dòng sổ: mọi phép đo của '
'mọi đơn vị mà nó cộng. cua_chi_so, cua_don_vi: chỉ một con số.';
GRANT EXECUTE ON FUNCTION core.ma_bam_con_so_den(bigint, text[], text[], text, text) TO cchc_steward;
