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
