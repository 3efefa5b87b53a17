-- Of what is held, nothing stays that is no code where a code belongs, and no field of a nested list that nobody named.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

-- As cchc.codes tells them today: figures and signs between letters that nobody speaks, no number of a person.
CREATE FUNCTION pg_temp.la_ma(ma text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN
ma ~ '^[0-9]{3}\.[0-9]{2,3}\.[0-9]{2,3}\.[A-Z][0-9]{2}(-[0-9]{6}-[0-9]{4,8})?$'
OR ma ~ '^[0-9]\.[0-9]{6}(\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2})?$'
OR ma ~ '^[0-9]{2}[.][a-z][a-z0-9]{0,6}(-[a-z][a-z0-9]{0,6})*$'
OR (
    length(ma) <= 100
    -- C stands for a consonant, V for a vowel, P for two consonants that neither begin nor end a syllable.
    AND lower(ma) ~ replace(replace(replace(
        '^[-._/:+0-9]*((C{1,10}|V|VPC{0,4}|V[bdđfghjklqrsvwxz]|PV|C{0,6}ubndC{0,4}|C{3,4}[th]u|tandt?c{0,2}'
        || '|ca|tu|hu|ub|s?yt|ma|so|xa|pa|id|[đĐ]u)([-._/:+0-9]+|$))*$',
        'P', '([bdđĐÐlmrsvxhfjwz]C|[cgkp][bcdfgjklmnpqrstvwxzđĐÐ]|n[bcdfjklmnpqrstvwxzđĐÐ]|t[bcdfgjklmnpqstvwxzđĐÐ])'
    ), 'C', '[bcdfghjklmnpqrstvwxzđĐÐ]'), 'V', '[aeiouy]')
    AND ma !~ (
        '(^|[^0-9])(0[35789]([-._/:+]?[0-9]){8}|84[-._/:+]?[35789]([-._/:+]?[0-9]){8}|02([-._/:+]?[0-9]){9}'
        || '|0[0-9]{2}[-._/:+]?[0-3][0-9]{2}[-._/:+]?[0-9]{3}[-._/:+]?[0-9]{3}'
        || '|[0-9]{9}|[1-9][0-9]{2}[-._/:+][0-9]{3}[-._/:+][0-9]{3})([^0-9]|$)'
    )
);

CREATE FUNCTION pg_temp.thay(chu text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format('(chữ, %s ký tự)', length(chu));

-- Procedures: what is no code of a providing unit becomes a number of its own, so that as many provide as before.
CREATE TEMP TABLE don_vi_la ON COMMIT DROP AS
SELECT
    d.ma,
    'DVKX-' || row_number() OVER (ORDER BY d.ma) AS thay_bang
FROM (
    SELECT ma_don_vi AS ma FROM core.tthc_don_vi
    UNION
    SELECT dv.value ->> 'MaDonVi' AS ma
    FROM core.tthc_phien_ban AS p
    CROSS JOIN
        LATERAL jsonb_array_elements(
            CASE jsonb_typeof(p.ban_ghi -> 'don_vi_thuc_hien')
                WHEN 'array' THEN p.ban_ghi -> 'don_vi_thuc_hien'
                ELSE '[]'
            END
        ) AS dv
    WHERE jsonb_typeof(dv.value) = 'object'
) AS d
WHERE d.ma IS NOT NULL AND NOT pg_temp.la_ma(d.ma);

UPDATE core.tthc_don_vi AS t
SET ma_don_vi = la.thay_bang
FROM don_vi_la AS la
WHERE t.ma_don_vi = la.ma;

CREATE TEMP TABLE phien_ban_moi ON COMMIT DROP AS
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
                            LEFT JOIN don_vi_la AS la ON dv.mot ->> 'MaDonVi' = la.ma
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

DELETE FROM phien_ban_moi AS m
USING core.tthc_phien_ban AS p
WHERE m.ma_tthc = p.ma_tthc AND m.thoi_diem = p.thoi_diem AND m.van_tay = p.van_tay AND m.ban_ghi = p.ban_ghi;

-- Two versions that differed in nothing else are one now: the line that came first has it.
DELETE FROM core.tthc_phien_ban AS p
USING phien_ban_moi AS m
WHERE m.ma_tthc = p.ma_tthc AND m.thoi_diem = p.thoi_diem AND m.van_tay = p.van_tay;

INSERT INTO core.tthc_phien_ban (ma_tthc, thoi_diem, van_tay, ban_ghi, batch_id, line_no)
SELECT
    ma_tthc,
    thoi_diem,
    md5(ban_ghi::text) AS van_tay,
    ban_ghi,
    batch_id,
    line_no
FROM phien_ban_moi
ORDER BY batch_id ASC, line_no ASC
ON CONFLICT DO NOTHING;

-- Columns that no figure is counted from. Of units their versions, too: what is shown is built from them.
CREATE TEMP TABLE don_vi_moi ON COMMIT DROP AS
SELECT
    p.*,
    p.ban_ghi || (
        SELECT jsonb_object_agg(f.key, NULL)
        FROM jsonb_each_text(p.ban_ghi) AS f
        WHERE f.key IN ('ma_gso', 'ma_dinh_danh') AND NOT pg_temp.la_ma(f.value)
    ) AS ban_moi
FROM core.don_vi_phien_ban AS p
WHERE NOT pg_temp.la_ma(p.ban_ghi ->> 'ma_gso') OR NOT pg_temp.la_ma(p.ban_ghi ->> 'ma_dinh_danh');

DELETE FROM core.don_vi_phien_ban AS p
USING don_vi_moi AS m
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
FROM don_vi_moi
ORDER BY batch_id ASC, line_no ASC
ON CONFLICT DO NOTHING;

UPDATE core.don_vi
SET
    ma_gso = CASE WHEN pg_temp.la_ma(ma_gso) THEN ma_gso END,
    ma_dinh_danh = CASE WHEN pg_temp.la_ma(ma_dinh_danh) THEN ma_dinh_danh END
WHERE NOT pg_temp.la_ma(ma_gso) OR NOT pg_temp.la_ma(ma_dinh_danh);

UPDATE core.don_vi_nguon SET khac = khac - 'ma_gso'
WHERE NOT pg_temp.la_ma(khac -> 'ma_gso' ->> 'nguon');

UPDATE core.ho_so SET don_vi_tiep_nhan = pg_temp.thay(don_vi_tiep_nhan)
WHERE
    NOT pg_temp.la_ma(don_vi_tiep_nhan)
    AND lower(don_vi_tiep_nhan COLLATE "default") NOT IN (SELECT k.khoa FROM core.don_vi_khoa AS k);

-- Which series a number is of is told by the year in it.
UPDATE core.van_ban
SET ky_hieu = pg_temp.thay(ky_hieu) || coalesce(substring(ky_hieu FROM '/20[0-9]{2}/'), '')
WHERE NOT pg_temp.la_ma(translate(ky_hieu, ' ', ''));

UPDATE core.qua_trinh SET don_vi = pg_temp.thay(don_vi)
WHERE NOT pg_temp.la_ma(don_vi) AND don_vi !~ '^\(chữ, [0-9]+ ký tự\)$' AND don_vi ~ '[-._0-9]';

UPDATE core.khai_bao SET chuc_danh = pg_temp.thay(chuc_danh)
WHERE chuc_danh ~ '[-._0-9]' AND chuc_danh !~ '^\(chữ, [0-9]+ ký tự\)$';

-- What was told of lines and files by the rules of before.
UPDATE ops.line_finding
SET
    khoa = CASE WHEN khoa ~ '^\S+$' AND NOT pg_temp.la_ma(khoa) THEN NULL ELSE khoa END,
    ma_don_vi = CASE WHEN pg_temp.la_ma(ma_don_vi) THEN ma_don_vi END
WHERE (khoa ~ '^\S+$' AND NOT pg_temp.la_ma(khoa)) OR NOT pg_temp.la_ma(ma_don_vi);

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

DROP FUNCTION pg_temp.la_ma(text);

DROP FUNCTION pg_temp.thay(text);

COMMENT ON COLUMN ops.reject.masked_row IS
'Cột → ô: mã theo dạng, số, ngày giờ và từ trong danh mục được giữ nguyên; '
'chữ khác chỉ còn loại và độ dài; cột cá nhân là ***.';
COMMENT ON TABLE core.tthc_phien_ban IS
'Một dòng = một lần nguồn mô tả một thủ tục; tệp ít cột chỉ mang những cột nó có, '
'danh sách đơn vị chỉ có các trường của hợp đồng.';
