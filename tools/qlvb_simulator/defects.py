"""The named kinds of bad rows of each list, the rule each one breaks, and how often each occurs."""

from tools.simulation.defects import CRITICAL, WARNING, Defect

DEFECTS = {
    "van_ban": (
        Defect("thieu_ma_van_ban", CRITICAL, 0.001, "VB01"),
        Defect("don_vi_khong_co", CRITICAL, 0.002, "VB14"),
        Defect("thieu_so", CRITICAL, 0.0015, "VB24b"),
        Defect("ngay_sai_dinh_dang", CRITICAL, 0.002, "VB00"),
        Defect("ngay_tuong_lai", CRITICAL, 0.0015, "VB06"),
        Defect("han_0001", CRITICAL, 0.001, "VB10"),
        Defect("trung_so", WARNING, 0.002, "VB24"),
        Defect("hoan_thanh_truoc_den", WARNING, 0.001, "VB07"),
        Defect("thieu_co_gui", WARNING, 0.0015, "VB15b"),
        Defect("loai_la", WARNING, 0.001, "VB33"),
    ),
    "ho_so_cong_viec": (
        Defect("thieu_ma_hscv", CRITICAL, 0.001, "HC01"),
        Defect("don_vi_khong_co", CRITICAL, 0.002, "HC14"),
        Defect("thieu_ngay_mo", CRITICAL, 0.002, "HC04"),
        Defect("ngay_sai_dinh_dang", CRITICAL, 0.002, "HC00"),
        Defect("mo_tuong_lai", CRITICAL, 0.001, "HC06"),
        Defect("hoan_thanh_khong_ngay_dong", WARNING, 0.003, "HC26"),
        Defect("tien_do_qua_100", WARNING, 0.002, "HC26c"),
        Defect("han_truoc_ngay_mo", WARNING, 0.002, "HC26b"),
    ),
}
NAMES = {dataset: ("", *(defect.name for defect in defects)) for dataset, defects in DEFECTS.items()}
# Position in NAMES; 0 means a good row.
CODE = {dataset: {name: code for code, name in enumerate(names)} for dataset, names in NAMES.items()}
CRITICAL_KINDS = {
    dataset: frozenset(defect.name for defect in defects if defect.severity == CRITICAL)
    for dataset, defects in DEFECTS.items()
}
DEFAULT_RATES = {
    dataset: {defect.name: defect.rate for defect in defects} for dataset, defects in DEFECTS.items()
}
