-- Row by row what sql/publication/parts.sql adds up for all figures; step by step between revisions, as a row may
-- change more than once. Whose rows: core.goc_duoc_xem.
CREATE FUNCTION mart.ho_so_thay_doi(
    ma_chi_so text, ky_loai text, ky text, ma_don_vi text, tu_revision integer, den_revision integer DEFAULT NULL
)
RETURNS TABLE (
    revision integer, nguyen_nhan text, tu_so bigint, mau_so bigint, fact text, dong text, thang text,
    noi_dung_truoc jsonb, noi_dung_sau jsonb, batch_id bigint, line_no bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    ten constant text := format(
        '%s của %s, %s %s', ho_so_thay_doi.ma_chi_so, ho_so_thay_doi.ma_don_vi, ho_so_thay_doi.ky_loai,
        ho_so_thay_doi.ky
    );
    con_so record;
    nghia record;
    buoc record;
    ban integer;
    co_ban text;
    goc text[];
    thay text[];
BEGIN
    IF ho_so_thay_doi.tu_revision IS NULL OR ho_so_thay_doi.tu_revision >= ho_so_thay_doi.den_revision THEN
        RAISE EXCEPTION '%: không có thay đổi từ bản % đến bản %: cần tu_revision nhỏ hơn den_revision, hoặc '
            'den_revision rỗng để hỏi cả những gì đang chờ.', ten, ho_so_thay_doi.tu_revision,
            ho_so_thay_doi.den_revision
            USING ERRCODE = 'check_violation';
    END IF;
    -- Both revisions have to be there; the figure in one of them, or later: an indicator is added, a unit ends.
    FOREACH ban IN ARRAY ARRAY[ho_so_thay_doi.den_revision, ho_so_thay_doi.tu_revision]
    LOOP
        SELECT max(c.ma_chi_so) INTO co_ban
        FROM mart.con_so_cong_bo AS c
        WHERE
            c.ky_loai = ho_so_thay_doi.ky_loai AND c.ky = ho_so_thay_doi.ky
            AND c.ma_don_vi = core.ma_tong('toan_tinh') AND c.trang_thai = 'da_chot' AND c.revision = ban;
        IF
            (ban IS NOT NULL AND co_ban IS NULL)
            OR NOT EXISTS (
                SELECT FROM mart.con_so_cong_bo AS c
                WHERE
                    c.ky_loai = ho_so_thay_doi.ky_loai AND c.ky = ho_so_thay_doi.ky
                    AND c.ma_chi_so = ho_so_thay_doi.ma_chi_so AND c.ma_don_vi = ho_so_thay_doi.ma_don_vi
                    AND c.trang_thai = 'da_chot' AND c.revision >= ho_so_thay_doi.tu_revision
                    AND (ho_so_thay_doi.den_revision IS NULL OR c.revision <= ho_so_thay_doi.den_revision)
                UNION ALL
                SELECT FROM mart.con_so_cho AS c
                WHERE
                    ho_so_thay_doi.den_revision IS NULL
                    AND c.ky_loai = ho_so_thay_doi.ky_loai AND c.ky = ho_so_thay_doi.ky
                    AND c.ma_chi_so = ho_so_thay_doi.ma_chi_so AND c.ma_don_vi = ho_so_thay_doi.ma_don_vi
            )
        THEN
            PERFORM core.con_so_cua_ban(
                ho_so_thay_doi.ma_chi_so, ho_so_thay_doi.ky_loai, ho_so_thay_doi.ky, ho_so_thay_doi.ma_don_vi, ban
            );
        END IF;
    END LOOP;
    -- Days and months of the period: those of any figure of the province.
    SELECT * INTO con_so
    FROM core.con_so_cua_ban(
        co_ban, ho_so_thay_doi.ky_loai, ho_so_thay_doi.ky, core.ma_tong('toan_tinh'), ho_so_thay_doi.tu_revision
    );
    con_so.ma_chi_so := ho_so_thay_doi.ma_chi_so;
    con_so.ma_don_vi := ho_so_thay_doi.ma_don_vi;
    FOR buoc IN
        SELECT
            c.so_cai AS tu_so_cai,
            lead(c.so_cai) OVER (ORDER BY c.revision) AS den_so_cai,
            lead(c.revision) OVER (ORDER BY c.revision) AS den
        FROM (
            SELECT DISTINCT
                b.revision,
                b.so_cai
            FROM mart.con_so_cong_bo AS b
            WHERE
                b.ky_loai = con_so.ky_loai AND b.ky = con_so.ky AND b.ma_don_vi = core.ma_tong('toan_tinh')
                AND b.trang_thai = 'da_chot' AND b.revision >= con_so.revision
                AND (ho_so_thay_doi.den_revision IS NULL OR b.revision <= ho_so_thay_doi.den_revision)
        ) AS c
        ORDER BY c.revision
    LOOP
        CONTINUE WHEN buoc.den IS NULL AND ho_so_thay_doi.den_revision IS NOT NULL;
        SELECT
            max(n.khoa) AS khoa,
            -- Of a figure that counts other things than before its rows say as little as of one that counts units.
            coalesce(
                max(n.it_nhat), CASE WHEN count(DISTINCT (n.khoa IS NULL, n.it_nhat IS NULL)) > 1 THEN 0 END
            ) AS it_nhat,
            bool_and(p.fact = 'khai_bao') AS la_khai_bao,
            count(*) <> 2 * count(DISTINCT (n.ben, n.dau, n.phep_do, n.khoa, n.it_nhat)) AS doi
        INTO nghia
        FROM (
            SELECT t.ben, t.dau::integer, t.phep_do, t.khoa, t.it_nhat
            FROM core.thuat_ngu_cong_bo AS t
            WHERE t.so_cai IN (buoc.tu_so_cai, buoc.den_so_cai) AND t.ma_chi_so = con_so.ma_chi_so
            UNION ALL
            SELECT t.ben, t.dau::integer, t.phep_do, t.khoa, t.it_nhat
            FROM core.thuat_ngu AS t
            WHERE buoc.den IS NULL AND t.ma_chi_so = con_so.ma_chi_so
        ) AS n
        INNER JOIN core.phep_do AS p ON n.phep_do = p.phep_do;
        -- Neither has the indicator yet, or it has no rows.
        CONTINUE WHEN nghia.la_khai_bao IS NULL;
        SELECT coalesce(array_agg(DISTINCT x.ma_goc), '{}') INTO goc
        FROM (
            SELECT dv.ma_goc, dv.ma_don_vi, dv.cap
            FROM core.don_vi_cong_bo AS dv
            WHERE dv.so_cai IN (buoc.tu_so_cai, buoc.den_so_cai) AND dv.ngay = con_so.den_ngay
            UNION ALL
            SELECT dv.ma_goc, dv.ma_don_vi, dv.cap
            FROM core.don_vi_tai_ngay(con_so.den_ngay) AS dv
            WHERE buoc.den IS NULL
        ) AS x
        WHERE con_so.ma_don_vi IN (x.ma_don_vi, core.ma_tong(x.cap), core.ma_tong('toan_tinh'));
        thay := core.goc_duoc_xem(ten, goc, nghia.la_khai_bao);
        RETURN QUERY
        WITH thuat_ngu AS MATERIALIZED (
            SELECT
                n.lan,
                n.ben,
                n.dau,
                n.phep_do,
                p.cong_don,
                count(*) OVER (PARTITION BY n.lan, n.ben) AS so_phep_do
            FROM (
                SELECT
                    CASE t.so_cai WHEN buoc.tu_so_cai THEN 'cu' ELSE 'moi' END AS lan,
                    t.ben,
                    t.dau,
                    t.phep_do
                FROM core.thuat_ngu_cong_bo AS t
                WHERE t.so_cai IN (buoc.tu_so_cai, buoc.den_so_cai) AND t.ma_chi_so = con_so.ma_chi_so
                UNION ALL
                SELECT
                    'moi' AS lan,
                    t.ben,
                    t.dau,
                    t.phep_do
                FROM core.thuat_ngu AS t
                WHERE buoc.den IS NULL AND t.ma_chi_so = con_so.ma_chi_so
            ) AS n
            INNER JOIN core.phep_do AS p ON n.phep_do = p.phep_do
        ),

        tra_loi AS MATERIALIZED (
            SELECT x.*
            FROM (
                SELECT
                    CASE dv.so_cai WHEN buoc.tu_so_cai THEN 'cu' ELSE 'moi' END AS lan,
                    dv.ma_goc,
                    dv.ma_don_vi,
                    dv.cap
                FROM core.don_vi_cong_bo AS dv
                WHERE dv.so_cai IN (buoc.tu_so_cai, buoc.den_so_cai) AND dv.ngay = con_so.den_ngay
                UNION ALL
                SELECT
                    'moi' AS lan,
                    dv.ma_goc,
                    dv.ma_don_vi,
                    dv.cap
                FROM core.don_vi_tai_ngay(con_so.den_ngay) AS dv
                WHERE buoc.den IS NULL
            ) AS x
            WHERE con_so.ma_don_vi IN (x.ma_don_vi, core.ma_tong(x.cap), core.ma_tong('toan_tinh'))
        ),

        doi_nguon AS MATERIALIZED (
            SELECT x.ma_goc
            FROM (SELECT DISTINCT t.ma_goc, t.ma_don_vi, t.lan FROM tra_loi AS t) AS x
            GROUP BY x.ma_goc
            HAVING count(*) <> 2 OR count(DISTINCT x.ma_don_vi) <> 1
        ),

        -- Of distinct procedures a row counts together with others, that may be the same as before.
        khoa AS MATERIALIZED (
            SELECT c.ky, c.fact, c.dong FROM core.dong_cho AS c
            WHERE buoc.den IS NULL AND c.ky = ANY(con_so.cac_thang)
            UNION
            SELECT d.ky, d.fact, d.dong FROM core.dong_cong_bo AS d
            WHERE
                d.so_cai > buoc.tu_so_cai AND d.so_cai <= coalesce(buoc.den_so_cai, 9223372036854775807)
                AND d.ky = ANY(con_so.cac_thang)
            UNION
            SELECT d.ky, d.fact, d.dong FROM core.dong_cong_bo AS d
            WHERE
                d.ky = ANY(con_so.cac_thang) AND d.ma_don_vi = ANY(goc)
                AND (nghia.doi OR nghia.khoa IS NOT NULL OR d.ma_don_vi IN (SELECT n.ma_goc FROM doi_nguon AS n))
        ),

        hang AS MATERIALIZED (
            SELECT
                k.ky,
                k.fact,
                k.dong,
                coalesce(
                    cho.nguyen_nhan, CASE WHEN sau.so_cai > buoc.tu_so_cai THEN sau.nguyen_nhan END
                ) AS nguyen_nhan,
                ben.*
            FROM khoa AS k
            LEFT JOIN core.dong_cho AS cho
                ON buoc.den IS NULL AND k.ky = cho.ky AND k.fact = cho.fact AND k.dong = cho.dong
            LEFT JOIN core.dong_den(buoc.den_so_cai) AS sau
                ON k.ky = sau.ky AND k.fact = sau.fact AND k.dong = sau.dong
            LEFT JOIN core.dong_den(buoc.tu_so_cai) AS cu
                ON k.ky = cu.ky AND k.fact = cu.fact AND k.dong = cu.dong AND cu.con
            CROSS JOIN
                LATERAL (
                    SELECT
                        'cu' AS lan, cu.ma_don_vi, cu.ma_tthc, cu.nua_1, cu.nua_2, cu.so_1, cu.so_2, cu.noi_dung,
                        cu.danh_muc, cu.batch_id, cu.line_no
                    WHERE cu.con
                    UNION ALL
                    SELECT
                        'moi', sau.ma_don_vi, sau.ma_tthc, sau.nua_1, sau.nua_2, sau.so_1, sau.so_2, sau.noi_dung,
                        sau.danh_muc, sau.batch_id, sau.line_no
                    WHERE sau.con AND cho.dong IS NULL
                    UNION ALL
                    SELECT
                        'moi', cho.ma_don_vi, cho.ma_tthc, cho.nua_1, cho.nua_2, cho.so_1, cho.so_2, cho.noi_dung,
                        cho.danh_muc, cho.batch_id, cho.line_no
                    WHERE cho.con
                ) AS ben
        ),

        do_duoc AS MATERIALIZED (
            SELECT
                h.ky,
                h.fact,
                h.dong,
                h.nguyen_nhan,
                h.lan,
                h.ma_tthc,
                dv.ma_don_vi,
                t.ben,
                t.phep_do,
                t.so_phep_do,
                CASE h.lan WHEN 'moi' THEN 1 ELSE -1 END * t.dau * n.so AS so
            FROM hang AS h
            CROSS JOIN LATERAL core.phep_do_cua_dong(h.nua_1, h.nua_2, h.so_1, h.so_2) AS n
            INNER JOIN thuat_ngu AS t
                ON
                    h.lan = t.lan AND n.phep_do = t.phep_do
                    AND core.tinh_vao_ky(t.cong_don, core.dau_nua_thang(h.ky, n.nua), con_so.tu_ngay, con_so.cuoi)
            INNER JOIN tra_loi AS dv ON h.lan = dv.lan AND h.ma_don_vi = dv.ma_goc
        ),

        -- A row adds by itself; of procedures and units that are counted, the first of its rows bears what it adds.
        dong_cong AS (
            SELECT
                d.ky,
                d.fact,
                d.dong,
                CASE WHEN nghia.khoa IS NOT NULL THEN d.ma_tthc END AS ma_tthc,
                CASE
                    WHEN max(d.nguyen_nhan) IS NOT NULL THEN max(d.nguyen_nhan)
                    WHEN nghia.doi AND (count(DISTINCT d.ma_don_vi) = 1 OR nghia.khoa IS NOT NULL) THEN 'dinh_nghia'
                    ELSE 'doi_don_vi'
                END AS nguyen_nhan,
                max(d.nguyen_nhan) IS NOT NULL AS da_doi,
                coalesce(sum(d.so) FILTER (WHERE d.ben = 'tu'), 0) AS tu_so,
                coalesce(sum(d.so) FILTER (WHERE d.ben = 'mau'), 0) AS mau_so
            FROM do_duoc AS d
            GROUP BY d.ky, d.fact, d.dong, CASE WHEN nghia.khoa IS NOT NULL THEN d.ma_tthc END
        ),

        tthc_du AS (
            SELECT DISTINCT
                x.lan,
                x.ben,
                x.ma_tthc
            FROM (
                SELECT d.lan, d.ben, d.ma_tthc FROM do_duoc AS d
                WHERE nghia.khoa IS NOT NULL
                GROUP BY d.lan, d.ben, d.ma_tthc, d.ma_don_vi
                HAVING count(DISTINCT d.phep_do) = max(d.so_phep_do)
            ) AS x
        ),

        tthc_doi AS (
            SELECT
                x.ma_tthc,
                coalesce(sum(CASE x.lan WHEN 'moi' THEN 1 ELSE -1 END) FILTER (WHERE x.ben = 'tu'), 0) AS tu_so,
                coalesce(sum(CASE x.lan WHEN 'moi' THEN 1 ELSE -1 END) FILTER (WHERE x.ben = 'mau'), 0) AS mau_so
            FROM tthc_du AS x
            GROUP BY x.ma_tthc
        ),

        cua_dong AS (
            SELECT
                d.ky,
                d.fact,
                d.dong,
                d.nguyen_nhan,
                d.tu_so,
                d.mau_so
            FROM dong_cong AS d
            WHERE nghia.khoa IS NULL AND nghia.it_nhat IS NULL AND (d.tu_so <> 0 OR d.mau_so <> 0)
            UNION ALL
            SELECT
                d.ky,
                d.fact,
                d.dong,
                d.nguyen_nhan,
                CASE d.thu_tu WHEN 1 THEN d.tu_doi ELSE 0 END AS tu_so,
                CASE d.thu_tu WHEN 1 THEN d.mau_doi ELSE 0 END AS mau_so
            FROM (
                SELECT
                    c.*,
                    t.tu_so AS tu_doi,
                    t.mau_so AS mau_doi,
                    row_number() OVER (
                        PARTITION BY c.ma_tthc ORDER BY c.da_doi DESC, c.nguyen_nhan, c.fact, c.ky, c.dong
                    ) AS thu_tu
                FROM dong_cong AS c
                INNER JOIN tthc_doi AS t ON c.ma_tthc = t.ma_tthc
                WHERE t.tu_so <> 0 OR t.mau_so <> 0
            ) AS d
            WHERE nghia.it_nhat IS NULL AND (d.thu_tu = 1 OR d.da_doi)
            UNION ALL
            SELECT
                d.ky,
                d.fact,
                d.dong,
                d.nguyen_nhan,
                CASE d.thu_tu WHEN 1 THEN coalesce(p.tu_so, 0) ELSE 0 END AS tu_so,
                CASE d.thu_tu WHEN 1 THEN coalesce(p.mau_so, 0) ELSE 0 END AS mau_so
            FROM (
                SELECT
                    c.*,
                    row_number() OVER (PARTITION BY c.nguyen_nhan ORDER BY c.fact, c.ky, c.dong) AS thu_tu
                FROM dong_cong AS c
                WHERE nghia.it_nhat IS NOT NULL
            ) AS d
            INNER JOIN mart.phan_thay_doi AS p
                ON
                    p.ky_loai = con_so.ky_loai AND p.ky = con_so.ky AND p.ma_chi_so = con_so.ma_chi_so
                    AND p.ma_don_vi = con_so.ma_don_vi AND (p.den_revision IS NOT DISTINCT FROM buoc.den)
                    AND d.nguyen_nhan = p.nguyen_nhan
        ),

        -- What no row bears: where a difference never leads below 0, and units that begin or end.
        con_lai AS (
            SELECT
                p.nguyen_nhan,
                p.tu_so - coalesce(c.tu_so, 0) AS tu_so,
                p.mau_so - coalesce(c.mau_so, 0) AS mau_so
            FROM mart.phan_thay_doi AS p
            LEFT JOIN (
                SELECT
                    d.nguyen_nhan,
                    sum(d.tu_so) AS tu_so,
                    sum(d.mau_so) AS mau_so
                FROM cua_dong AS d
                GROUP BY d.nguyen_nhan
            ) AS c ON p.nguyen_nhan = c.nguyen_nhan
            WHERE
                p.ky_loai = con_so.ky_loai AND p.ky = con_so.ky AND p.ma_chi_so = con_so.ma_chi_so
                AND p.ma_don_vi = con_so.ma_don_vi AND (p.den_revision IS NOT DISTINCT FROM buoc.den)
                AND (p.nguyen_nhan = 'khong_am' OR nghia.it_nhat IS NOT NULL)
                AND cardinality(thay) = cardinality(goc)
        ),

        ben AS (
            SELECT
                h.ky,
                h.fact,
                h.dong,
                h.lan,
                h.noi_dung || h.danh_muc || jsonb_build_object('ma_don_vi', h.ma_don_vi)
                || CASE h.ma_tthc WHEN '' THEN '{}' ELSE jsonb_build_object('ma_tthc', h.ma_tthc) END AS noi_dung,
                h.batch_id,
                h.line_no
            FROM hang AS h
            WHERE h.ma_don_vi = ANY(thay)
        )

        SELECT
            buoc.den AS revision,
            d.nguyen_nhan,
            d.tu_so::bigint AS tu_so,
            d.mau_so::bigint AS mau_so,
            d.fact,
            d.dong,
            d.ky AS thang,
            core.khac_nhau(cu.noi_dung, moi.noi_dung) AS noi_dung_truoc,
            core.khac_nhau(moi.noi_dung, cu.noi_dung) AS noi_dung_sau,
            coalesce(moi.batch_id, cu.batch_id) AS batch_id,
            coalesce(moi.line_no, cu.line_no) AS line_no
        FROM cua_dong AS d
        LEFT JOIN ben AS cu ON d.ky = cu.ky AND d.fact = cu.fact AND d.dong = cu.dong AND cu.lan = 'cu'
        LEFT JOIN ben AS moi ON d.ky = moi.ky AND d.fact = moi.fact AND d.dong = moi.dong AND moi.lan = 'moi'
        WHERE cu.dong IS NOT NULL OR moi.dong IS NOT NULL
        UNION ALL
        SELECT
            buoc.den,
            c.nguyen_nhan,
            c.tu_so::bigint,
            c.mau_so::bigint,
            NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM con_lai AS c
        WHERE c.tu_so <> 0 OR c.mau_so <> 0
        ORDER BY 2, 5, 7, 6;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mart.ho_so_thay_doi(text, text, text, text, integer, integer) IS
'Một dòng = một dòng (hồ sơ, văn bản, …) đứng sau thay đổi của một con số từ bản tu_revision đến bản den_revision '
'(rỗng: đến những gì đang chờ), ở bước đến bản revision: nguyên nhân, phần nó cộng vào tử số, mẫu số, những trường '
'khác nhau trước và sau. Cộng theo nguyên nhân đúng bằng mart.chi_so_thay_doi; dong rỗng: phần không của dòng nào.';
GRANT EXECUTE ON FUNCTION mart.ho_so_thay_doi(text, text, text, text, integer, integer) TO cchc_bi, cchc_steward,
cchc_don_vi;
