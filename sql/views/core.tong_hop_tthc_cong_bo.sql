CREATE VIEW core.tong_hop_tthc_cong_bo WITH (security_invoker = on) AS
SELECT t.*
FROM core.tong_hop_tthc AS t
WHERE NOT EXISTS (SELECT FROM core.tong_hop_chot AS c WHERE c.ky = t.ky)
UNION ALL
SELECT chot.*
FROM core.tong_hop_tthc_chot AS chot;
COMMENT ON VIEW core.tong_hop_tthc_cong_bo IS
'Như core.tong_hop_tthc; của tháng đã chốt theo những gì đã công bố, không theo dữ liệu đến sau.';
