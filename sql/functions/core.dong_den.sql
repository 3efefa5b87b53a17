-- In place where it is called, as core.ma_tong: what is asked of ky, ma_don_vi or dong is found by index.
CREATE FUNCTION core.dong_den(so_cai bigint DEFAULT NULL) RETURNS SETOF core.dong_cong_bo
LANGUAGE sql STABLE AS $$
SELECT d.*
FROM core.dong_cong_bo AS d
WHERE
    d.so_cai <= coalesce(dong_den.so_cai, 9223372036854775807)
    AND NOT EXISTS (
        SELECT FROM core.dong_cong_bo AS sau
        WHERE
            sau.ky = d.ky
            AND sau.fact = d.fact
            AND sau.dong = d.dong
            AND sau.so_cai > d.so_cai
            AND sau.so_cai <= coalesce(dong_den.so_cai, 9223372036854775807)
    )
$$;
COMMENT ON FUNCTION core.dong_den(bigint) IS
'Một dòng = một dòng đứng sau con số của một tháng đã chốt, như công bố gần nhất tính đến một dòng sổ (rỗng: đến '
'nay); con FALSE: không còn. Chỉ cho người xem được mọi đơn vị: ai không thấy trạng thái sau sẽ thấy trạng thái '
'trước là còn.';
GRANT EXECUTE ON FUNCTION core.dong_den(bigint) TO cchc_steward;
