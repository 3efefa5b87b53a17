-- Plans are made for the values given: a unit's month is found by index, a year of the province is scanned.
CREATE FUNCTION mart.ho_so_cua_chi_so(
    ma_chi_so text, ky_loai text, ky text, ma_don_vi text, revision integer DEFAULT NULL, phan text DEFAULT 'tu_so'
)
RETURNS TABLE (
    fact text, dong text, thang text, ma_don_vi_giai_quyet text, ten_don_vi text, ma_tthc text, noi_dung jsonb,
    tu_so bigint, mau_so bigint, batch_id bigint, line_no bigint, so_cai bigint
)
LANGUAGE sql STABLE AS $$
WITH ban AS (
    SELECT
        k.tu_ngay,
        k.den_ngay,
        (
            SELECT max(doan.tu_ngay) FROM core.doan WHERE doan.tu_ngay BETWEEN k.tu_ngay AND k.den_ngay
        ) AS cuoi,
        (
            SELECT max(c.so_cai)
            FROM mart.con_so_cong_bo AS c
            WHERE
                c.ky_loai = k.ky_loai AND c.ky = k.ky AND c.trang_thai = 'da_chot'
                AND c.ma_don_vi = ho_so_cua_chi_so.ma_don_vi AND c.ma_chi_so = ho_so_cua_chi_so.ma_chi_so
                AND (ho_so_cua_chi_so.revision IS NULL OR c.revision = ho_so_cua_chi_so.revision)
        ) AS so_cai
    FROM mart.ky AS k
    WHERE k.ky_loai = ho_so_cua_chi_so.ky_loai AND k.ky = ho_so_cua_chi_so.ky AND k.ly_do_na IS NULL
),

thuat_ngu AS MATERIALIZED (
    SELECT
        x.phep_do::smallint AS phep_do,
        p.cong_don,
        split_part(ben.ten, '_so', 1) AS ben,
        CASE WHEN ben.ten LIKE '%\_tru' THEN -1 ELSE 1 END AS dau
    FROM ban
    INNER JOIN ops.dinh_nghia_cong_bo AS n
        ON ban.so_cai = n.so_cai AND n.ma_chi_so = ho_so_cua_chi_so.ma_chi_so
    CROSS JOIN LATERAL jsonb_each(n.noi_dung -> 'phep_do') AS ben (ten, cac_phep_do)
    CROSS JOIN LATERAL jsonb_array_elements_text(ben.cac_phep_do) AS x (phep_do)
    INNER JOIN core.phep_do AS p ON x.phep_do::smallint = p.phep_do
),

don_vi AS MATERIALIZED (
    SELECT
        dv.ma_goc,
        dv.ma_don_vi,
        dv.ten_don_vi
    FROM ban
    INNER JOIN core.don_vi_cong_bo AS dv ON ban.so_cai = dv.so_cai AND ban.den_ngay = dv.ngay
    WHERE
        ho_so_cua_chi_so.ma_don_vi IN (dv.ma_don_vi, core.ma_tong(dv.cap), core.ma_tong('toan_tinh'))
),

thang AS MATERIALIZED (
    SELECT to_char(t.ngay, 'YYYY-MM') AS ky
    FROM ban
    CROSS JOIN LATERAL generate_series(date_trunc('month', ban.tu_ngay), ban.den_ngay, '1 month') AS t (ngay)
),

-- Each row in the state that the revision published.
dong AS (
    SELECT
        d.*,
        don_vi.ma_don_vi AS tra_loi,
        don_vi.ten_don_vi
    FROM thang
    CROSS JOIN don_vi
    INNER JOIN core.dong_cong_bo AS d ON thang.ky = d.ky AND don_vi.ma_goc = d.ma_don_vi
    CROSS JOIN ban
    WHERE
        d.so_cai <= ban.so_cai
        AND d.con
        AND NOT EXISTS (
            SELECT FROM core.dong_cong_bo AS sau
            WHERE
                sau.ky = d.ky AND sau.fact = d.fact AND sau.dong = d.dong
                AND sau.so_cai > d.so_cai AND sau.so_cai <= ban.so_cai
        )
),

tinh AS (
    SELECT
        d.ky,
        d.fact,
        d.dong,
        sum(t.dau * n.so) FILTER (WHERE t.ben = 'tu') AS tu_so,
        sum(t.dau * n.so) FILTER (WHERE t.ben = 'mau') AS mau_so
    FROM dong AS d
    CROSS JOIN
        LATERAL (
            SELECT
                (d.ky || '-01')::date AS tu_ngay,
                p.phep_do,
                coalesce(d.so_1[p.thu_tu], 1) AS so
            FROM unnest(d.nua_1) WITH ORDINALITY AS p (phep_do, thu_tu)
            UNION ALL
            SELECT
                (d.ky || '-15')::date AS tu_ngay,
                p.phep_do,
                coalesce(d.so_2[p.thu_tu], 1) AS so
            FROM unnest(d.nua_2) WITH ORDINALITY AS p (phep_do, thu_tu)
        ) AS n
    CROSS JOIN ban
    INNER JOIN thuat_ngu AS t
        ON
            n.phep_do = t.phep_do
            AND n.tu_ngay BETWEEN ban.tu_ngay AND ban.den_ngay
            AND (
                t.cong_don = 'dong'
                OR (t.cong_don = 'dau_ky' AND n.tu_ngay = ban.tu_ngay)
                OR (t.cong_don = 'cuoi_ky' AND n.tu_ngay = ban.cuoi)
            )
    GROUP BY d.ky, d.fact, d.dong
)

SELECT
    d.fact,
    d.dong,
    d.ky AS thang,
    d.tra_loi AS ma_don_vi_giai_quyet,
    d.ten_don_vi,
    d.ma_tthc,
    d.noi_dung,
    coalesce(tinh.tu_so, 0)::bigint AS tu_so,
    coalesce(tinh.mau_so, 0)::bigint AS mau_so,
    d.batch_id,
    d.line_no,
    d.so_cai
FROM tinh
INNER JOIN dong AS d ON tinh.ky = d.ky AND tinh.fact = d.fact AND tinh.dong = d.dong
WHERE
    CASE ho_so_cua_chi_so.phan
        WHEN 'tu_so' THEN coalesce(tinh.tu_so, 0) <> 0
        WHEN 'mau_so' THEN coalesce(tinh.mau_so, 0) <> 0
        WHEN 'con_lai' THEN coalesce(tinh.mau_so, 0) > coalesce(tinh.tu_so, 0)
    END
ORDER BY d.fact, d.ky, d.dong
$$;
COMMENT ON FUNCTION mart.ho_so_cua_chi_so(text, text, text, text, integer, text) IS
'Một dòng = một dòng đứng sau một con số của một bản đã công bố (revision rỗng: bản đang dùng); phan: tu_so, '
'mau_so, con_lai.';
GRANT EXECUTE ON FUNCTION mart.ho_so_cua_chi_so(text, text, text, text, integer, text) TO cchc_steward, cchc_don_vi;
