CREATE FUNCTION ops.mask_cell(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
RETURN (
    SELECT
        nested.truong || CASE
            -- An error of a spreadsheet, as #REF!: nothing of a person.
            WHEN nested.o ~ '^#[A-Z0-9/!?]+$' THEN nested.o
            -- A name may stand where a date or a number is wanted.
            WHEN
                regexp_replace(nested.o, 'ngày|tháng|năm|giờ|phút|sa|ch|am|pm|gmt|utc|[tzhde]', '', 'gi')
                ~ '[A-Za-z]|[^\x01-\x7f]'
                THEN format('(chữ, %s ký tự)', length(nested.o))
            -- A day, with a time of the day behind it.
            WHEN
                nested.o ~ concat(
                    '^(\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}[/.-]\d{1,2}[/.-]\d{1,2})',
                    '([ T,]+\d{1,2}[:hg.]\d{1,2}([:.m]\d{1,6})*( ?Z| ?[+-]\d{2}:?\d{2}| ?[SCAP][AHM])?)?$'
                )
                THEN nested.o
            WHEN nested.o ~ '^(19|20)\d{12}$' THEN nested.o
            -- A telephone or identity number, however its digits are set apart.
            WHEN length(regexp_replace(nested.o, '\D', '', 'g')) >= 9 THEN '***'
            ELSE nested.o
        END
    FROM (
        -- Of a nested list the field stands before the value: two words in one, as no name is written.
        SELECT
            coalesce(substring(value FROM '^(?:Gia|[A-Z][a-z]+(?:[A-Z][a-z]+)+) '), '') AS truong,
            regexp_replace(value, '^(?:Gia|[A-Z][a-z]+(?:[A-Z][a-z]+)+) ', '') AS o
    ) AS nested
);
COMMENT ON FUNCTION ops.mask_cell(text) IS
'Ô của cột ngày hoặc cột số như thông báo được phép nêu: che chữ (có thể là tên người) và dãy số từ 9 chữ số trở lên '
'không phải là ngày (có thể là số điện thoại, số CMND/CCCD).';
