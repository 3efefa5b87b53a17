-- With the owner's rights: of core.khai_bao it shows how many items each unit declared and when, and no value.
CREATE FUNCTION core.dem_khai_bao(ma_han text, ky text)
RETURNS TABLE (
    ma_don_vi text, ten_don_vi text, cap text, phai_co bigint, da_co bigint, dung_han bigint, dau_luc timestamp,
    cuoi_luc timestamp
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT
    n.ma_don_vi,
    n.ten_don_vi,
    n.cap,
    count(*),
    count(*) FILTER (WHERE n.da_nop),
    count(*) FILTER (WHERE n.dung_han),
    min(n.nop_luc),
    max(n.nop_luc)
FROM core.nop_so_lieu AS n
WHERE n.ma_han = dem_khai_bao.ma_han AND n.ky = dem_khai_bao.ky
GROUP BY n.ma_don_vi, n.ten_don_vi, n.cap
$$;
COMMENT ON FUNCTION core.dem_khai_bao(text, text) IS
'Một dòng = phiếu của một đơn vị cho một tháng: bao nhiêu số liệu phải khai, đã khai, khai đúng hạn, lúc nào.';
GRANT EXECUTE ON FUNCTION core.dem_khai_bao(text, text) TO cchc_bi, cchc_steward, cchc_don_vi;
