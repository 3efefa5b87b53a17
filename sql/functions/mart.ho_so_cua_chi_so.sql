-- Whose rows: core.goc_duoc_xem. Not by row-level security, which would hide from a unit that a row has left it.
-- Plans are made for the values given: a unit's month is found by index, a year of the province is scanned.
CREATE FUNCTION mart.ho_so_cua_chi_so(
    ma_chi_so text, ky_loai text, ky text, ma_don_vi text, revision integer DEFAULT NULL, phan text DEFAULT 'tu_so'
)
RETURNS TABLE (
    fact text, dong text, thang text, ma_don_vi_giai_quyet text, ten_don_vi text, ma_tthc text, noi_dung jsonb,
    tu_so bigint, mau_so bigint, batch_id bigint, line_no bigint, so_cai bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    ten constant text := format(
        '%s của %s, %s %s', ho_so_cua_chi_so.ma_chi_so, ho_so_cua_chi_so.ma_don_vi, ho_so_cua_chi_so.ky_loai,
        ho_so_cua_chi_so.ky
    );
    con_so record;
    nghia record;
    goc text[];
    lech text;
BEGIN
    IF ho_so_cua_chi_so.phan IS NULL OR ho_so_cua_chi_so.phan NOT IN ('tu_so', 'mau_so', 'con_lai') THEN
        RAISE EXCEPTION 'phan % không có: cần tu_so, mau_so hoặc con_lai.', ho_so_cua_chi_so.phan
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO con_so
    FROM core.con_so_cua_ban(
        ho_so_cua_chi_so.ma_chi_so, ho_so_cua_chi_so.ky_loai, ho_so_cua_chi_so.ky, ho_so_cua_chi_so.ma_don_vi,
        ho_so_cua_chi_so.revision
    );
    SELECT
        n.noi_dung ->> 'khoa' AS khoa,
        (n.noi_dung ->> 'don_vi_it_nhat')::integer AS it_nhat,
        n.noi_dung ->> 'loai' AS loai,
        n.noi_dung ->> 'khong_tinh_duoc' AS khong_tinh_duoc,
        array_agg(t.phep_do) FILTER (WHERE t.ben = 'tu') AS tu,
        array_agg(t.phep_do) FILTER (WHERE t.ben = 'mau') AS mau,
        bool_and(p.fact = 'khai_bao') AS la_khai_bao
    INTO nghia
    FROM ops.dinh_nghia_cong_bo AS n
    LEFT JOIN core.thuat_ngu_cong_bo AS t ON n.so_cai = t.so_cai AND n.ma_chi_so = t.ma_chi_so
    LEFT JOIN core.phep_do AS p ON t.phep_do = p.phep_do
    WHERE n.so_cai = con_so.so_cai AND n.ma_chi_so = ho_so_cua_chi_so.ma_chi_so
    GROUP BY n.noi_dung;
    IF nghia.tu IS NULL THEN
        RAISE EXCEPTION '%: không có dòng nào đứng sau. %', ten, CASE
            WHEN nghia.loai = 'diem' THEN 'Điểm được tính từ các con số khác: hỏi dòng của những con số ấy.'
            ELSE coalesce(nghia.khong_tinh_duoc, 'Chỉ số không đếm từ dòng.')
        END
            USING ERRCODE = 'no_data_found';
    END IF;
    IF ho_so_cua_chi_so.phan <> 'tu_so' AND nghia.mau IS NULL THEN
        RAISE EXCEPTION '%: không có dòng nào đứng sau mẫu số. % Hỏi phan tu_so.', ten, CASE
            WHEN nghia.it_nhat IS NULL THEN 'Đây là một số đếm, không phải tỷ lệ.'
            ELSE 'Mẫu số là số đơn vị đang hoạt động.'
        END
            USING ERRCODE = 'no_data_found';
    END IF;
    goc := ARRAY(
        SELECT dv.ma_goc
        FROM core.don_vi_cong_bo AS dv
        WHERE
            dv.so_cai = con_so.so_cai AND dv.ngay = con_so.den_ngay
            AND con_so.ma_don_vi IN (dv.ma_don_vi, core.ma_tong(dv.cap), core.ma_tong('toan_tinh'))
    );
    goc := core.goc_duoc_xem(ten, goc, nghia.la_khai_bao);
    -- The entries' hashes whole, the rows of whom one sees.
    SELECT
        CASE WHEN m.ma_bam IS NULL THEN 'không còn phép đo nào' ELSE 'các phép đo đã ghi không cho SHA-256 ấy' END
    INTO lech
    FROM (VALUES (con_so.ma_bam_dong)) AS ghi (ma_bam_dong)
    LEFT JOIN
        core.ma_bam_con_so_den(
            con_so.so_cai, ARRAY[con_so.ky_loai], ARRAY[con_so.ky], con_so.ma_chi_so, con_so.ma_don_vi
        ) AS m
        ON TRUE
    WHERE (ghi.ma_bam_dong IS DISTINCT FROM m.ma_bam);
    IF lech IS NULL THEN
        SELECT
            format(
                '%s nửa %s, %s, phép đo %s: %s theo các dòng, %s đã ghi', coalesce(t.ky, ghi.ky),
                coalesce(t.nua, ghi.nua), coalesce(t.ma_don_vi, ghi.ma_don_vi), coalesce(t.phep_do, ghi.phep_do),
                coalesce(t.so, 0), coalesce(ghi.so, 0)
            )
        INTO lech
        FROM (
            SELECT *
            FROM core.dem_dong_den(con_so.so_cai) AS d
            WHERE
                d.ky = ANY(con_so.cac_thang) AND d.ma_don_vi = ANY(goc)
                AND d.phep_do = ANY(nghia.tu || nghia.mau)
        ) AS t
        FULL OUTER JOIN (
            SELECT *
            FROM core.dem_den(con_so.so_cai) AS d
            WHERE
                d.ky = ANY(con_so.cac_thang) AND d.ma_don_vi = ANY(goc)
                AND d.phep_do = ANY(nghia.tu || nghia.mau) AND (d.so <> 0 OR d.ma_bam <> '')
        ) AS ghi
            ON t.ky = ghi.ky AND t.nua = ghi.nua AND t.ma_don_vi = ghi.ma_don_vi AND t.phep_do = ghi.phep_do
        WHERE ((t.so, t.ma_bam) IS DISTINCT FROM (ghi.so, ghi.ma_bam))
        ORDER BY 1
        LIMIT 1;
    END IF;
    IF lech IS NOT NULL THEN
        RAISE EXCEPTION '%, bản %, dòng sổ %: các dòng đã giữ không cho SHA-256 đã ghi (%). %', ten, con_so.revision,
            con_so.so_cai, lech, 'Số liệu đã công bố bị sửa: chạy python -m cchc verify và báo lại.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN QUERY
    WITH don_vi AS MATERIALIZED (
        SELECT
            dv.ma_goc,
            dv.ma_don_vi,
            dv.ten_don_vi,
            dv.con_hieu_luc
        FROM core.don_vi_cong_bo AS dv
        WHERE dv.so_cai = con_so.so_cai AND dv.ngay = con_so.den_ngay AND dv.ma_goc = ANY(goc)
    ),

    thuat_ngu AS MATERIALIZED (
        SELECT
            t.phep_do,
            t.ben,
            t.dau,
            p.cong_don,
            count(*) OVER (PARTITION BY t.ben) AS so_phep_do
        FROM core.thuat_ngu_cong_bo AS t
        INNER JOIN core.phep_do AS p ON t.phep_do = p.phep_do
        WHERE t.so_cai = con_so.so_cai AND t.ma_chi_so = con_so.ma_chi_so
    ),

    -- Each row in the state that the revision published, with each of its measures that the figure is made of.
    do_duoc AS (
        SELECT
            d.ky,
            d.fact,
            d.dong,
            d.ma_tthc,
            d.noi_dung,
            d.batch_id,
            d.line_no,
            d.so_cai,
            don_vi.ma_don_vi AS tra_loi,
            don_vi.ten_don_vi,
            don_vi.con_hieu_luc,
            t.ben,
            t.phep_do,
            t.so_phep_do,
            t.dau * n.so AS so
        FROM don_vi
        INNER JOIN core.dong_den(con_so.so_cai) AS d
            ON
                don_vi.ma_goc = d.ma_don_vi AND d.ky = ANY(con_so.cac_thang) AND d.ma_don_vi = ANY(goc) AND d.con
                AND (d.nua_1 && (nghia.tu || nghia.mau) OR d.nua_2 && (nghia.tu || nghia.mau))
        CROSS JOIN LATERAL core.phep_do_cua_dong(d.nua_1, d.nua_2, d.so_1, d.so_2) AS n
        INNER JOIN thuat_ngu AS t
            ON
                n.phep_do = t.phep_do
                AND core.tinh_vao_ky(t.cong_don, core.dau_nua_thang(d.ky, n.nua), con_so.tu_ngay, con_so.cuoi)
    ),

    -- Procedures that count, each at one and the same unit; units that reach what is asked.
    du AS MATERIALIZED (
        SELECT
            x.tra_loi,
            x.ben,
            CASE WHEN nghia.khoa IS NOT NULL THEN x.ma_tthc END AS ma_tthc
        FROM do_duoc AS x
        WHERE nghia.khoa IS NOT NULL OR nghia.it_nhat IS NOT NULL
        GROUP BY x.tra_loi, x.ben, CASE WHEN nghia.khoa IS NOT NULL THEN x.ma_tthc END
        HAVING
            CASE
                WHEN nghia.khoa IS NOT NULL THEN count(DISTINCT x.phep_do) = max(x.so_phep_do)
                ELSE sum(x.so) >= nghia.it_nhat AND bool_and(x.con_hieu_luc)
            END
    ),

    -- What a row says is the same for each of its measures: joined to it again, it would be looked up in a loop.
    tinh AS (
        SELECT
            x.ky,
            x.fact,
            x.dong,
            x.tra_loi,
            x.ma_tthc,
            any_value(x.ten_don_vi) AS ten_don_vi,
            any_value(x.noi_dung) AS noi_dung,
            any_value(x.batch_id) AS batch_id,
            any_value(x.line_no) AS line_no,
            any_value(x.so_cai) AS so_cai,
            CASE
                WHEN nghia.khoa IS NULL THEN coalesce(sum(x.so) FILTER (WHERE x.ben = 'tu'), 0)
                ELSE count(*) FILTER (WHERE x.ben = 'tu' AND du.ben IS NOT NULL)::integer::boolean::integer
            END::bigint AS tu_so,
            CASE
                WHEN nghia.khoa IS NULL THEN coalesce(sum(x.so) FILTER (WHERE x.ben = 'mau'), 0)
                ELSE count(*) FILTER (WHERE x.ben = 'mau' AND du.ben IS NOT NULL)::integer::boolean::integer
            END::bigint AS mau_so
        FROM do_duoc AS x
        LEFT JOIN du
            ON x.tra_loi = du.tra_loi AND x.ben = du.ben AND (du.ma_tthc IS NULL OR x.ma_tthc = du.ma_tthc)
        WHERE (nghia.khoa IS NULL AND nghia.it_nhat IS NULL) OR du.ben IS NOT NULL
        GROUP BY x.ky, x.fact, x.dong, x.tra_loi, x.ma_tthc
    )

    SELECT
        tinh.fact,
        tinh.dong,
        tinh.ky AS thang,
        tinh.tra_loi AS ma_don_vi_giai_quyet,
        tinh.ten_don_vi,
        tinh.ma_tthc,
        tinh.noi_dung,
        tinh.tu_so,
        tinh.mau_so,
        tinh.batch_id,
        tinh.line_no,
        tinh.so_cai
    FROM tinh
    WHERE
        CASE
            WHEN ho_so_cua_chi_so.phan = 'tu_so' THEN tinh.tu_so <> 0
            WHEN ho_so_cua_chi_so.phan = 'mau_so' THEN tinh.mau_so <> 0
            WHEN nghia.khoa IS NULL THEN tinh.mau_so > tinh.tu_so
            ELSE
                tinh.mau_so <> 0
                AND NOT EXISTS (SELECT FROM du WHERE du.ben = 'tu' AND du.ma_tthc = tinh.ma_tthc)
        END
    ORDER BY tinh.fact, tinh.ky, tinh.dong;
END
$$;
COMMENT ON FUNCTION mart.ho_so_cua_chi_so(text, text, text, text, integer, text) IS
'Một dòng = một dòng đứng sau một con số của một bản đã công bố (revision rỗng: bản đang dùng); phan: tu_so, '
'mau_so, con_lai. Cộng tu_so, mau_so đúng bằng con số; chỉ số đếm TTHC: mỗi ma_tthc khác nhau một; chỉ số đếm đơn '
'vị: mỗi đơn vị có dòng một. Báo lỗi khi các dòng đã giữ không cho SHA-256 đã công bố.';
GRANT EXECUTE ON FUNCTION mart.ho_so_cua_chi_so(text, text, text, text, integer, text) TO cchc_bi, cchc_steward,
cchc_don_vi;
