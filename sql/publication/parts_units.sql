-- Adds to TEMP TABLE phan the parts of figures that count units, and what is lost where a difference never leads
-- below 0. TEMP TABLE so_moi: the figures as they are now.
DROP TABLE IF EXISTS khac_loai;

-- Figures that count other things than before, as units instead of dossiers: what rows add has no sense on both sides.
CREATE TEMP TABLE khac_loai ON COMMIT DROP AS
SELECT
    t.so_cai,
    t.ma_chi_so
FROM thuat_ngu AS t
GROUP BY t.so_cai, t.ma_chi_so
HAVING
    (bool_or(t.it_nhat IS NULL) AND bool_or(t.it_nhat IS NOT NULL))
    OR (bool_or(t.khoa IS NULL) AND bool_or(t.khoa IS NOT NULL));

DELETE FROM phan AS p
USING khac_loai, ban
WHERE
    p.ma_chi_so = khac_loai.ma_chi_so
    AND khac_loai.so_cai = ban.so_cai
    AND ban.ky_loai = p.ky_loai
    AND ban.ky = p.ky;

INSERT INTO phan (ky_loai, ky, ma_chi_so, ma_don_vi, nguyen_nhan, tu_so, mau_so, so_dong)
WITH don_vi AS (
    SELECT
        b.ky_loai,
        b.ky,
        b.so_cai,
        b.tu_ngay,
        b.cuoi,
        x.ma_chi_so,
        x.ma_don_vi,
        cu.cap AS cap_cu,
        moi.cap AS cap_moi,
        coalesce(cu.tu_so, 0) AS tu_cu,
        coalesce(moi.tu_so, 0) AS tu_moi,
        coalesce(cu.mau_so, 0) AS mau_cu,
        coalesce(moi.mau_so, 0) AS mau_moi
    FROM ban AS b
    CROSS JOIN
        LATERAL (
            SELECT
                c.ma_chi_so,
                c.ma_don_vi
            FROM mart.con_so_cong_bo AS c
            WHERE c.so_cai = b.so_cai AND c.ky_loai = b.ky_loai AND c.ky = b.ky
            UNION
            SELECT
                m.ma_chi_so,
                m.ma_don_vi
            FROM so_moi AS m
            WHERE m.ky_loai = b.ky_loai AND m.ky = b.ky
        ) AS x
    LEFT JOIN mart.con_so_cong_bo AS cu
        ON
            b.so_cai = cu.so_cai AND b.ky_loai = cu.ky_loai AND b.ky = cu.ky
            AND x.ma_chi_so = cu.ma_chi_so AND x.ma_don_vi = cu.ma_don_vi
    LEFT JOIN so_moi AS moi
        ON
            b.ky_loai = moi.ky_loai AND b.ky = moi.ky
            AND x.ma_chi_so = moi.ma_chi_so AND x.ma_don_vi = moi.ma_don_vi
),

khac AS (
    SELECT
        d.*,
        coalesce(
            vi.nguyen_nhan, CASE WHEN doi.ma_chi_so IS NULL THEN 'doi_don_vi' ELSE 'dinh_nghia' END
        ) AS nguyen_nhan,
        coalesce(vi.so_dong, 0) AS so_dong
    FROM don_vi AS d
    LEFT JOIN doi_nghia AS doi ON d.so_cai = doi.so_cai AND d.ma_chi_so = doi.ma_chi_so
    LEFT JOIN
        LATERAL (
            SELECT
                min(h.nguyen_nhan) AS nguyen_nhan,
                count(DISTINCT concat_ws(chr(31), h.ky, h.fact, h.dong)) AS so_dong
            FROM doan_hang AS h
            INNER JOIN core.phep_do AS p
                ON h.phep_do = p.phep_do AND core.tinh_vao_ky(p.cong_don, h.tu_ngay, d.tu_ngay, d.cuoi)
            INNER JOIN thuat_ngu AS t
                ON
                    h.lan = t.lan AND h.so_cai = t.so_cai AND h.phep_do = t.phep_do
                    AND d.ma_chi_so = t.ma_chi_so
            INNER JOIN tra_loi AS dv
                ON h.lan = dv.lan AND d.ky_loai = dv.ky_loai AND d.ky = dv.ky AND h.ma_don_vi = dv.ma_goc
            WHERE h.so_cai = d.so_cai AND dv.ma_don_vi = d.ma_don_vi AND h.nguyen_nhan IS NOT NULL
        ) AS vi
        ON TRUE
    WHERE
        d.ma_chi_so IN (
            SELECT t.ma_chi_so FROM thuat_ngu AS t
            WHERE t.it_nhat IS NOT NULL
        )
        AND NOT EXISTS (
            SELECT FROM khac_loai AS l
            WHERE l.so_cai = d.so_cai AND l.ma_chi_so = d.ma_chi_so
        )
        AND d.ma_don_vi NOT LIKE 'TONG:%'
        AND ((d.tu_cu, d.mau_cu) <> (d.tu_moi, d.mau_moi) OR d.cap_cu IS DISTINCT FROM d.cap_moi)
)

SELECT
    x.ky_loai,
    x.ky,
    x.ma_chi_so,
    x.ma_don_vi,
    x.nguyen_nhan,
    sum(x.tu_so) AS tu_so,
    sum(x.mau_so) AS mau_so,
    sum(x.so_dong) AS so_dong
FROM (
    SELECT
        k.ky_loai,
        k.ky,
        k.ma_chi_so,
        nhom.ma_don_vi,
        k.nguyen_nhan,
        nhom.tu_so,
        nhom.mau_so,
        k.so_dong
    FROM khac AS k
    CROSS JOIN
        LATERAL (
            SELECT
                n.ma_don_vi,
                sum(n.tu_so) AS tu_so,
                sum(n.mau_so) AS mau_so
            FROM (
                VALUES
                (k.ma_don_vi, k.tu_moi, k.mau_moi),
                (core.ma_tong(k.cap_moi), k.tu_moi, k.mau_moi),
                (core.ma_tong('toan_tinh'), k.tu_moi, k.mau_moi),
                (k.ma_don_vi, -k.tu_cu, -k.mau_cu),
                (core.ma_tong(k.cap_cu), -k.tu_cu, -k.mau_cu),
                (core.ma_tong('toan_tinh'), -k.tu_cu, -k.mau_cu)
            ) AS n (ma_don_vi, tu_so, mau_so)
            WHERE n.ma_don_vi IS NOT NULL
            GROUP BY n.ma_don_vi
        ) AS nhom
    WHERE nhom.tu_so <> 0 OR nhom.mau_so <> 0
) AS x
GROUP BY x.ky_loai, x.ky, x.ma_chi_so, x.ma_don_vi, x.nguyen_nhan
UNION ALL
SELECT
    d.ky_loai,
    d.ky,
    d.ma_chi_so,
    d.ma_don_vi,
    'dinh_nghia' AS nguyen_nhan,
    d.tu_moi - d.tu_cu AS tu_so,
    d.mau_moi - d.mau_cu AS mau_so,
    0 AS so_dong
FROM don_vi AS d
INNER JOIN khac_loai AS l ON d.so_cai = l.so_cai AND d.ma_chi_so = l.ma_chi_so
WHERE d.tu_moi <> d.tu_cu OR d.mau_moi <> d.mau_cu;

INSERT INTO phan (ky_loai, ky, ma_chi_so, ma_don_vi, nguyen_nhan, tu_so, mau_so, so_dong)
SELECT
    x.ky_loai,
    x.ky,
    x.ma_chi_so,
    x.ma_don_vi,
    'khong_am' AS nguyen_nhan,
    sum(x.tu_so) AS tu_so,
    sum(x.mau_so) AS mau_so,
    0 AS so_dong
FROM (
    SELECT
        moi.ky_loai,
        moi.ky,
        moi.ma_chi_so,
        moi.ma_don_vi,
        coalesce(moi.tu_so, 0) AS tu_so,
        coalesce(moi.mau_so, 0) AS mau_so
    FROM ban AS b
    INNER JOIN so_moi AS moi ON b.ky_loai = moi.ky_loai AND b.ky = moi.ky
    UNION ALL
    SELECT
        cu.ky_loai,
        cu.ky,
        cu.ma_chi_so,
        cu.ma_don_vi,
        -coalesce(cu.tu_so, 0) AS tu_so,
        -coalesce(cu.mau_so, 0) AS mau_so
    FROM ban AS b
    INNER JOIN mart.con_so_cong_bo AS cu ON b.so_cai = cu.so_cai AND b.ky_loai = cu.ky_loai AND b.ky = cu.ky
    UNION ALL
    SELECT
        phan.ky_loai,
        phan.ky,
        phan.ma_chi_so,
        phan.ma_don_vi,
        -phan.tu_so AS tu_so,
        -phan.mau_so AS mau_so
    FROM phan
) AS x
WHERE
    x.ma_chi_so IN (
        SELECT t.ma_chi_so FROM thuat_ngu AS t
        WHERE t.dau < 0
    )
GROUP BY x.ky_loai, x.ky, x.ma_chi_so, x.ma_don_vi
HAVING sum(x.tu_so) <> 0 OR sum(x.mau_so) <> 0;
