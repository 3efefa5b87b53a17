-- Of what is held, nothing stays that is no code where a code belongs, and no field of a nested list that nobody named.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

-- Only what is somebody's number or name: what vendors write as codes stays as it is.
CREATE TABLE core.khong_la_ma AS
SELECT
    v.ma,
    bool_or(v.thuc_hien) AS thuc_hien
FROM (
    SELECT
        ma_don_vi AS ma,
        TRUE AS thuc_hien
    FROM core.tthc_don_vi
    UNION ALL
    SELECT
        dv.value ->> 'MaDonVi' AS ma,
        TRUE AS thuc_hien
    FROM core.tthc_phien_ban AS p
    CROSS JOIN
        LATERAL jsonb_array_elements(
            CASE jsonb_typeof(p.ban_ghi -> 'don_vi_thuc_hien')
                WHEN 'array' THEN p.ban_ghi -> 'don_vi_thuc_hien'
                ELSE '[]'
            END
        ) AS dv
    WHERE jsonb_typeof(dv.value) = 'object'
    UNION ALL
    SELECT
        ma_gso AS ma,
        FALSE AS thuc_hien
    FROM core.don_vi
    UNION ALL
    SELECT
        ma_dinh_danh AS ma,
        FALSE AS thuc_hien
    FROM core.don_vi
    UNION ALL
    SELECT
        f.value AS ma,
        FALSE AS thuc_hien
    FROM core.don_vi_phien_ban AS p
    CROSS JOIN LATERAL jsonb_each_text(p.ban_ghi) AS f
    WHERE f.key IN ('ma_gso', 'ma_dinh_danh')
    UNION ALL
    SELECT
        khac -> 'ma_gso' ->> 'nguon' AS ma,
        FALSE AS thuc_hien
    FROM core.don_vi_nguon
    UNION ALL
    SELECT
        don_vi_tiep_nhan AS ma,
        FALSE AS thuc_hien
    FROM core.ho_so
    UNION ALL
    SELECT
        translate(ky_hieu, ' ', '') AS ma,
        FALSE AS thuc_hien
    FROM core.van_ban
    UNION ALL
    SELECT
        don_vi AS ma,
        FALSE AS thuc_hien
    FROM core.qua_trinh
    UNION ALL
    SELECT
        khoa AS ma,
        FALSE AS thuc_hien
    FROM ops.line_finding
    UNION ALL
    SELECT
        ma_don_vi AS ma,
        FALSE AS thuc_hien
    FROM ops.line_finding
) AS v
WHERE
    v.ma IS NOT NULL
    AND (
        v.ma ~ '@'
        -- A telephone or identity number and nothing else, in any groups; a year in it makes it a number of that year.
        OR (
            v.ma ~ (
                '^[+]?([0-9]{9}|0[1-9][0-9]{8,10}|(00)?84[0-9]{9,10}|0[0-9]{1,3}([-._/:+]{1,3}[0-9]{2,4}){2,5}'
                || '|[0-9]{3}([-._/:+]{1,3}[0-9]{3}){2}|(00)?84[-._/:+]{1,3}[0-9]{2,3}([-._/:+]{1,3}[0-9]{3,4}){2})$'
            )
            AND length(regexp_replace(v.ma, '[^0-9]', '', 'g')) > 8
            AND v.ma !~ '(^|[^0-9])(19|20)[0-9]{2}([^0-9]|$)'
        )
        OR v.ma ~ (
            '(^|[^0-9])(0[35789][0-9]{8}|0[35789][0-9]{1,3}[-._/:][0-9]{3}[-._/:]?[0-9]{3,4}'
            || '|0[0-9]{2}[0-3][0-9]{8}|0[0-9]{2}([-._/:][0-9]{3}){3})([^0-9]|$)'
        )
        -- Somebody's name: a family name that is hardly anything else, and two words and more.
        OR translate(
            lower(v.ma COLLATE "default"), -- noqa: RF03
            'áàảãạăắằẳẵặâấầẩẫậéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵđ',
            'aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiiiooooooooooooooooouuuuuuuuuuuyyyyyd'
        ) ~ (
            '^([0-9]{2}[.])?(nguyen|tran|pham|huynh|khuat|trinh|quach|phung|dang|bui|thach|kim|duong|le)'
            || '([-._ ]+[a-z]{2,7}){2,5}[-._0-9]*$|(^|[^a-z])(nguyen|huynh|khuat|quach|phung|pham)[a-z]{4,24}([^a-z]|$)'
        )
    )
GROUP BY v.ma;

-- Procedures: what is no code of a providing unit becomes a number of its own, so that as many provide as before.
CREATE TABLE core.don_vi_la AS
SELECT
    ma,
    'DVKX-' || row_number() OVER (ORDER BY ma COLLATE "C") AS thay_bang
FROM core.khong_la_ma
WHERE thuc_hien;

UPDATE core.tthc_don_vi AS t
SET ma_don_vi = la.thay_bang
FROM core.don_vi_la AS la
WHERE t.ma_don_vi = la.ma;

CREATE TABLE core.phien_ban_moi AS
SELECT
    p.ma_tthc,
    p.thoi_diem,
    p.van_tay,
    p.batch_id,
    p.line_no,
    jsonb_set(
        p.ban_ghi,
        '{don_vi_thuc_hien}',
        (
            SELECT
                coalesce(
                    jsonb_agg(
                        (
                            SELECT
                                coalesce(
                                    jsonb_object_agg(
                                        f.key,
                                        CASE
                                            WHEN f.key = 'MaDonVi' AND la.thay_bang IS NOT NULL
                                                THEN to_jsonb(la.thay_bang)
                                            ELSE f.value
                                        END
                                    ),
                                    '{}'
                                )
                            FROM jsonb_each(dv.mot) AS f
                            LEFT JOIN core.don_vi_la AS la ON dv.mot ->> 'MaDonVi' = la.ma
                            WHERE f.key IN ('MaDonVi', 'MucDo', 'HieuLucTu', 'HieuLucDen')
                        )
                        ORDER BY dv.thu_tu
                    ),
                    '[]'
                )
            FROM jsonb_array_elements(p.ban_ghi -> 'don_vi_thuc_hien') WITH ORDINALITY AS dv (mot, thu_tu)
            WHERE jsonb_typeof(dv.mot) = 'object'
        )
    ) AS ban_ghi
FROM core.tthc_phien_ban AS p
WHERE jsonb_typeof(p.ban_ghi -> 'don_vi_thuc_hien') = 'array';

DELETE FROM core.phien_ban_moi AS m
USING core.tthc_phien_ban AS p
WHERE m.ma_tthc = p.ma_tthc AND m.thoi_diem = p.thoi_diem AND m.van_tay = p.van_tay AND m.ban_ghi = p.ban_ghi;

-- Two versions that differed in nothing else are one now: the line that came first has it.
DELETE FROM core.tthc_phien_ban AS p
USING core.phien_ban_moi AS m
WHERE m.ma_tthc = p.ma_tthc AND m.thoi_diem = p.thoi_diem AND m.van_tay = p.van_tay;

INSERT INTO core.tthc_phien_ban (ma_tthc, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
SELECT
    ma_tthc,
    thoi_diem,
    md5(ban_ghi::text) AS van_tay,
    ban_ghi,
    batch_id,
    line_no
FROM core.phien_ban_moi
ORDER BY batch_id ASC, line_no ASC
ON CONFLICT DO NOTHING;

-- Columns that no figure is counted from. Of units their versions, too: what is shown is built from them.
CREATE TABLE core.don_vi_moi AS
SELECT
    p.*,
    p.ban_ghi || (
        SELECT jsonb_object_agg(f.key, NULL)
        FROM jsonb_each_text(p.ban_ghi) AS f
        WHERE f.key IN ('ma_gso', 'ma_dinh_danh') AND f.value IN (SELECT k.ma FROM core.khong_la_ma AS k)
    ) AS ban_moi
FROM core.don_vi_phien_ban AS p
WHERE
    p.ban_ghi ->> 'ma_gso' IN (SELECT k.ma FROM core.khong_la_ma AS k)
    OR p.ban_ghi ->> 'ma_dinh_danh' IN (SELECT k.ma FROM core.khong_la_ma AS k);

DELETE FROM core.don_vi_phien_ban AS p
USING core.don_vi_moi AS m
WHERE
    m.ma_nguon = p.ma_nguon AND m.ma_don_vi = p.ma_don_vi AND m.thoi_diem = p.thoi_diem AND m.van_tay = p.van_tay;

INSERT INTO core.don_vi_phien_ban (ma_nguon, ma_don_vi, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
SELECT
    ma_nguon,
    ma_don_vi,
    thoi_diem,
    md5(ban_moi::text) AS van_tay,
    ban_moi,
    batch_id,
    line_no
FROM core.don_vi_moi
ORDER BY batch_id ASC, line_no ASC
ON CONFLICT DO NOTHING;

UPDATE core.don_vi
SET
    ma_gso = CASE WHEN ma_gso NOT IN (SELECT k.ma FROM core.khong_la_ma AS k) THEN ma_gso END,
    ma_dinh_danh = CASE WHEN ma_dinh_danh NOT IN (SELECT k.ma FROM core.khong_la_ma AS k) THEN ma_dinh_danh END
WHERE ma_gso IN (SELECT k.ma FROM core.khong_la_ma AS k) OR ma_dinh_danh IN (SELECT k.ma FROM core.khong_la_ma AS k);

UPDATE core.don_vi_nguon SET khac = khac - 'ma_gso'
WHERE khac -> 'ma_gso' ->> 'nguon' IN (SELECT k.ma FROM core.khong_la_ma AS k);

UPDATE core.ho_so SET don_vi_tiep_nhan = format('(chữ, %s ký tự)', length(don_vi_tiep_nhan))
WHERE
    don_vi_tiep_nhan IN (SELECT k.ma FROM core.khong_la_ma AS k)
    AND lower(don_vi_tiep_nhan COLLATE "default") NOT IN (SELECT k.khoa FROM core.don_vi_khoa AS k);

-- Which series a number is of is told by the year in it.
UPDATE core.van_ban
SET ky_hieu = format('(chữ, %s ký tự)', length(ky_hieu)) || coalesce(substring(ky_hieu FROM '/20[0-9]{2}/'), '')
WHERE translate(ky_hieu, ' ', '') IN (SELECT k.ma FROM core.khong_la_ma AS k);

UPDATE core.qua_trinh SET don_vi = format('(chữ, %s ký tự)', length(don_vi))
WHERE
    don_vi IN (SELECT k.ma FROM core.khong_la_ma AS k) AND don_vi !~ '^\(chữ, [0-9]+ ký tự\)$' AND don_vi ~ '[-._0-9]';

UPDATE core.khai_bao SET chuc_danh = format('(chữ, %s ký tự)', length(chuc_danh))
WHERE chuc_danh ~ '[-._0-9]' AND chuc_danh !~ '^\(chữ, [0-9]+ ký tự\)$';

-- What was told of lines and files by the rules of before.
UPDATE ops.line_finding
SET
    khoa = CASE WHEN khoa ~ '^\S+$' AND khoa IN (SELECT k.ma FROM core.khong_la_ma AS k) THEN NULL ELSE khoa END,
    ma_don_vi = CASE WHEN ma_don_vi NOT IN (SELECT k.ma FROM core.khong_la_ma AS k) THEN ma_don_vi END
WHERE
    (khoa ~ '^\S+$' AND khoa IN (SELECT k.ma FROM core.khong_la_ma AS k))
    OR ma_don_vi IN (SELECT k.ma FROM core.khong_la_ma AS k);

UPDATE ops.reject
SET
    masked_row = '{}',
    reasons = ARRAY(
        SELECT regexp_replace(r.ly_do, ': cột .*$', '')
        FROM unnest(reasons) WITH ORDINALITY AS r (ly_do, so)
        ORDER BY r.so
    );

UPDATE ops.batch
SET
    original_name = CASE
        WHEN origin <> 'file' THEN original_name
        ELSE
            'tệp ' || left(sha256, 8)
            || coalesce(' ' || lower(substring(original_name FROM '\.(?:[cC][sS][vV]|[jJ][sS][oO][nN][lL]?|[xX][lL][sS][xXmM]?)$')), '') -- noqa: LT05
    END,
    extra_columns = ARRAY(
        SELECT 'cột lạ ' || c.so
        FROM unnest(extra_columns) WITH ORDINALITY AS c (ten, so)
        ORDER BY c.so
    ),
    notes = '{}',
    stop_reason = CASE
        WHEN stop_reason IS NOT NULL
            THEN
                'Lý do ghi trước khi kho nhận ra mã theo dạng đã được xoá, vì có thể có dữ liệu cá nhân: '
                'kiểm tra lại lô để có lý do.'
    END;

UPDATE ops.batch_sheet SET sheet = 'trang ' || sheet_no;

UPDATE ops.skipped_line SET content = NULL
WHERE kind = 'total';

DROP TABLE core.khong_la_ma, core.don_vi_la, core.phien_ban_moi, core.don_vi_moi;

COMMENT ON COLUMN ops.reject.masked_row IS
'Cột → ô: mã theo dạng, số, ngày giờ và từ trong danh mục được giữ nguyên; '
'chữ khác chỉ còn loại và độ dài; cột cá nhân là ***.';
COMMENT ON TABLE core.tthc_phien_ban IS
'Một dòng = một lần nguồn mô tả một thủ tục; tệp ít cột chỉ mang những cột nó có, '
'danh sách đơn vị chỉ có các trường của hợp đồng.';
