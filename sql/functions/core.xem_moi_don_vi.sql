CREATE FUNCTION core.xem_moi_don_vi() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN
-- Not active for the owner, to whom all rows belong.
NOT row_security_active('core.ho_so')
OR pg_has_role('cchc_etl', 'USAGE')
OR pg_has_role('cchc_steward', 'USAGE');
COMMENT ON FUNCTION core.xem_moi_don_vi() IS
'TRUE: người hỏi xem được dòng của mọi đơn vị; FALSE: chỉ của đơn vị mình.';
GRANT EXECUTE ON FUNCTION core.xem_moi_don_vi() TO cchc_steward, cchc_don_vi;
