CREATE FUNCTION ops.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a change is a new row', TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION ops.append_only() IS 'Bẫy: từ chối sửa, xoá, làm rỗng một bảng chỉ được thêm dòng.';

CREATE TRIGGER figure_change_append_only
BEFORE UPDATE OR DELETE ON ops.figure_change
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER figure_change_not_emptied
BEFORE TRUNCATE ON ops.figure_change
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER lan_gan_don_vi_append_only
BEFORE UPDATE OR DELETE ON ops.lan_gan_don_vi
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER lan_gan_don_vi_not_emptied
BEFORE TRUNCATE ON ops.lan_gan_don_vi
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER so_cai_append_only
BEFORE UPDATE OR DELETE ON ops.so_cai
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER so_cai_not_emptied
BEFORE TRUNCATE ON ops.so_cai
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER phep_do_append_only
BEFORE UPDATE OR DELETE ON core.phep_do
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER phep_do_not_emptied
BEFORE TRUNCATE ON core.phep_do
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER dong_cong_bo_append_only
BEFORE UPDATE OR DELETE ON core.dong_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER dong_cong_bo_not_emptied
BEFORE TRUNCATE ON core.dong_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER dem_cong_bo_append_only
BEFORE UPDATE OR DELETE ON core.dem_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER dem_cong_bo_not_emptied
BEFORE TRUNCATE ON core.dem_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER don_vi_cong_bo_append_only
BEFORE UPDATE OR DELETE ON core.don_vi_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER don_vi_cong_bo_not_emptied
BEFORE TRUNCATE ON core.don_vi_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER dinh_nghia_cong_bo_append_only
BEFORE UPDATE OR DELETE ON ops.dinh_nghia_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER dinh_nghia_cong_bo_not_emptied
BEFORE TRUNCATE ON ops.dinh_nghia_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER lo_cong_bo_append_only
BEFORE UPDATE OR DELETE ON ops.lo_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER lo_cong_bo_not_emptied
BEFORE TRUNCATE ON ops.lo_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER con_so_cong_bo_append_only
BEFORE UPDATE OR DELETE ON mart.con_so_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER con_so_cong_bo_not_emptied
BEFORE TRUNCATE ON mart.con_so_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER bieu_06a_cong_bo_append_only
BEFORE UPDATE OR DELETE ON mart.bieu_06a_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER bieu_06a_cong_bo_not_emptied
BEFORE TRUNCATE ON mart.bieu_06a_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER ghi_chu_append_only
BEFORE UPDATE OR DELETE ON ops.ghi_chu
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER ghi_chu_not_emptied
BEFORE TRUNCATE ON ops.ghi_chu
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER im_lang_append_only
BEFORE UPDATE OR DELETE ON ops.im_lang
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER im_lang_not_emptied
BEFORE TRUNCATE ON ops.im_lang
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER noi_dung_tep_append_only
BEFORE UPDATE OR DELETE ON ops.noi_dung_tep
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER noi_dung_tep_not_emptied
BEFORE TRUNCATE ON ops.noi_dung_tep
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER tep_cong_bo_append_only
BEFORE UPDATE OR DELETE ON ops.tep_cong_bo
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER tep_cong_bo_not_emptied
BEFORE TRUNCATE ON ops.tep_cong_bo
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER lan_nap_append_only
BEFORE UPDATE OR DELETE ON ops.lan_nap
FOR EACH ROW EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER lan_nap_not_emptied
BEFORE TRUNCATE ON ops.lan_nap
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
-- Of what waits the parts are made again; those between two revisions are published.
CREATE TRIGGER phan_thay_doi_append_only
BEFORE UPDATE OR DELETE ON mart.phan_thay_doi
FOR EACH ROW WHEN (old.den_revision IS NOT NULL) EXECUTE FUNCTION ops.append_only();
CREATE TRIGGER phan_thay_doi_not_emptied
BEFORE TRUNCATE ON mart.phan_thay_doi
FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only();
