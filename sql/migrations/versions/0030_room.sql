-- Lists of procedures end ranges that they opened: with room beside it a row is changed where it stands, and no index
-- is told of it. A version's record is compared by nobody but its own load: what values it has is not collected.
ALTER TABLE core.tthc SET (fillfactor = 50);

ALTER TABLE core.tthc_don_vi SET (fillfactor = 50);

ALTER TABLE core.tthc_phien_ban ALTER COLUMN ban_ghi SET STATISTICS 0;
