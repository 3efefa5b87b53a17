CREATE VIEW core.thuat_ngu_cong_bo WITH (security_invoker = on) AS
SELECT DISTINCT
    n.so_cai,
    n.ma_chi_so,
    n.phien_ban,
    n.noi_dung ->> 'bien_the_cua' AS bien_the_cua,
    n.noi_dung ->> 'khoa' AS khoa,
    (n.noi_dung ->> 'don_vi_it_nhat')::integer AS it_nhat,
    split_part(ben.ten, '_so', 1) AS ben,
    CASE WHEN ben.ten LIKE '%\_tru' THEN -1 ELSE 1 END AS dau,
    x.phep_do::smallint AS phep_do
FROM ops.dinh_nghia_cong_bo AS n
CROSS JOIN LATERAL jsonb_each(n.noi_dung -> 'phep_do') AS ben (ten, cac_phep_do)
CROSS JOIN LATERAL jsonb_array_elements_text(ben.cac_phep_do) AS x (phep_do);
COMMENT ON VIEW core.thuat_ngu_cong_bo IS
'Một dòng = một phép đo trong tử số (tu) hoặc mẫu số (mau) của một chỉ số như lúc ghi sổ; dau -1: trừ đi.';
GRANT SELECT ON core.thuat_ngu_cong_bo TO cchc_steward;
