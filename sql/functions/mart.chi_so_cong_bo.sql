CREATE FUNCTION mart.chi_so_cong_bo(as_of timestamptz DEFAULT now()) RETURNS SETOF mart.con_so_cong_bo
LANGUAGE sql STABLE AS $$
SELECT DISTINCT ON (c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi) c.*
FROM mart.con_so_cong_bo AS c
INNER JOIN ops.so_cai AS s ON c.so_cai = s.so
WHERE s.luc <= chi_so_cong_bo.as_of
ORDER BY c.ky_loai ASC, c.ky ASC, c.ma_chi_so ASC, c.ma_don_vi ASC, c.so_cai DESC
$$;
COMMENT ON FUNCTION mart.chi_so_cong_bo(timestamptz) IS
'Một dòng = một con số như đã công bố vào lúc as_of (as_of của SDMX): bản mới nhất ghi sổ đến lúc ấy.';
GRANT EXECUTE ON FUNCTION mart.chi_so_cong_bo(timestamptz) TO cchc_bi, cchc_steward, cchc_don_vi;
