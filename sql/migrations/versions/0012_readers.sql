-- A month that is attached locks the partition for all others, as rows of it may stand there, and waits for everybody
-- who reads dossiers. Only those that are not received yet were ever in it.
ALTER TABLE core.ho_so DETACH PARTITION core.ho_so_chua_tiep_nhan; -- noqa: PRS
ALTER TABLE core.ho_so ATTACH PARTITION core.ho_so_chua_tiep_nhan FOR VALUES FROM ('infinity') TO (MAXVALUE);
