-- One hash: of the rows that wait for the closed month :ky. Reads only.
SELECT
    encode(
        sha256(convert_to(coalesce(string_agg(c.dong_chu, chr(10) ORDER BY c.dong_chu), ''), 'UTF8')), 'hex'
    ) AS ma_bam
FROM (
    SELECT d::text COLLATE "C" AS dong_chu
    FROM core.dong_cho AS d
    WHERE ky = :ky
) AS c;
