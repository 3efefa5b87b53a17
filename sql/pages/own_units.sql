-- One row is one code for which the unit of whoever asks answers today.
-- Reads only.
SELECT unnest(core.don_vi_cua_toi()) AS ma;
