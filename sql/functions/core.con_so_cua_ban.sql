-- Asked by functions of mart that lead a published figure back to its rows: what it is, or what is wrong with what is
-- asked for.
CREATE FUNCTION core.con_so_cua_ban(ma text, loai text, ten_ky text, don_vi text, ban integer)
RETURNS TABLE (
    ma_chi_so text, ky_loai text, ky text, ma_don_vi text, revision integer, so_cai bigint, ma_bam_dong text,
    tu_so bigint, mau_so bigint, tu_ngay date, den_ngay date, cuoi date, cac_thang text[]
)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    cac_ban text;
    tam boolean;
BEGIN
    IF EXISTS (SELECT FROM mart.ky AS k WHERE k.ky_loai = loai AND k.ky = ten_ky AND k.ly_do_na IS NOT NULL) THEN
        RAISE EXCEPTION '% của %, % %: không có con số. %.', ma, don_vi, loai, ten_ky, (
            SELECT k.ly_do_na FROM mart.ky AS k
            WHERE k.ky_loai = loai AND k.ky = ten_ky
        )
            USING ERRCODE = 'no_data_found';
    END IF;
    RETURN QUERY
    SELECT
        c.ma_chi_so,
        c.ky_loai,
        c.ky,
        c.ma_don_vi,
        c.revision,
        c.so_cai,
        c.ma_bam_dong,
        c.tu_so,
        c.mau_so,
        c.tu_ngay,
        c.den_ngay,
        (SELECT max(d.tu_ngay) FROM core.doan AS d WHERE d.tu_ngay BETWEEN c.tu_ngay AND c.den_ngay) AS cuoi,
        ARRAY(
            SELECT to_char(t.ngay, 'YYYY-MM')
            FROM generate_series(date_trunc('month', c.tu_ngay), c.den_ngay, '1 month') AS t (ngay)
        ) AS cac_thang
    FROM mart.con_so_cong_bo AS c
    WHERE
        c.ky_loai = loai AND c.ky = ten_ky AND c.ma_don_vi = don_vi AND c.ma_chi_so = ma
        AND c.trang_thai = 'da_chot' AND (ban IS NULL OR c.revision = ban)
    ORDER BY c.so_cai DESC
    LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT
        string_agg(DISTINCT c.revision::text, ', ' ORDER BY c.revision::text)
            FILTER (WHERE c.ma_chi_so = ma AND c.ma_don_vi = don_vi AND c.trang_thai = 'da_chot'),
        bool_and(c.trang_thai <> 'da_chot')
    INTO cac_ban, tam
    FROM mart.con_so_cong_bo AS c
    WHERE c.ky_loai = loai AND c.ky = ten_ky;
    RAISE EXCEPTION '%', CASE
        WHEN NOT EXISTS (SELECT FROM mart.dinh_nghia AS d WHERE d.ma_chi_so = ma)
            THEN format('Không có chỉ số %s: cần ma_chi_so như ở mart.dinh_nghia.', ma)
        WHEN NOT EXISTS (SELECT FROM mart.ky AS k WHERE k.ky_loai = loai AND k.ky = ten_ky)
            THEN format('Không có kỳ %s %s: cần ky_loai, ky như ở mart.ky.', loai, ten_ky)
        WHEN tam IS NULL THEN format(
            'Kỳ %s %s chưa chốt: chưa bản nào được công bố. Dòng của con số tạm tính: make rows, không kèm REVISION.',
            loai, ten_ky
        )
        WHEN tam THEN format('Kỳ %s %s mới công bố tạm: các dòng chỉ được giữ khi chốt.', loai, ten_ky)
        WHEN cac_ban IS NOT NULL THEN format(
            '%s của %s, %s %s không có bản %s: đã công bố bản %s.', ma, don_vi, loai, ten_ky, ban, cac_ban
        )
        ELSE format(
            'Không có con số %s của %s đã công bố cho %s %s: cần ma_don_vi như ở mart.con_so_cong_bo của kỳ ấy.',
            ma, don_vi, loai, ten_ky
        )
    END
        USING ERRCODE = 'no_data_found';
END
$$;
COMMENT ON FUNCTION core.con_so_cua_ban(text, text, text, text, integer) IS
'Một dòng = một con số của một bản đã công bố (ban rỗng: bản mới nhất), với dòng sổ, ngày và tháng của kỳ; không '
'có thì báo lỗi nói cần gì.';
