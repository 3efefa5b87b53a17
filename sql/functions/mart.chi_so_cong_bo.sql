CREATE FUNCTION mart.chi_so_cong_bo(luc timestamptz DEFAULT now()) RETURNS SETOF mart.con_so_cong_bo
LANGUAGE sql STABLE
-- Resolved when it is made: a BI tool has no right on the schema of the ledger, whose times this reads.
BEGIN ATOMIC
    SELECT DISTINCT ON (c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi) c.*
    FROM mart.con_so_cong_bo AS c
    INNER JOIN ops.so_cai AS s ON c.so_cai = s.so
    WHERE s.luc <= $1
    ORDER BY c.ky_loai ASC, c.ky ASC, c.ma_chi_so ASC, c.ma_don_vi ASC, c.so_cai DESC;
END;
COMMENT ON FUNCTION mart.chi_so_cong_bo(timestamptz) IS
'Một dòng = một con số như đã công bố vào lúc ấy (as_of của SDMX): bản mới nhất ghi sổ đến đó.';
GRANT EXECUTE ON FUNCTION mart.chi_so_cong_bo(timestamptz) TO cchc_bi, cchc_steward, cchc_don_vi;
