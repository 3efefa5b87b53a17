"""The named kinds of bad rows, the rule each one breaks, and how often each occurs."""

from tools.simulation.defects import CRITICAL, WARNING, Defect

DEFECTS = (
    Defect("thieu_ma_ho_so", CRITICAL, 0.0015, 1),
    Defect("hen_tra_0001", CRITICAL, 0.004, 10),
    Defect("hen_tra_truoc_tiep_nhan", CRITICAL, 0.004, 10),
    Defect("don_vi_khong_co", CRITICAL, 0.002, 14),
    Defect("tiep_nhan_tuong_lai", CRITICAL, 0.0015, 6),
    Defect("ngay_sai_dinh_dang", CRITICAL, 0.002, 10),
    Defect("loi_ma_hoa", CRITICAL, 0.002, 28),
    Defect("thieu_ngay_ket_thuc", WARNING, 0.004, 5),
    Defect("ket_thuc_truoc_tiep_nhan", WARNING, 0.003, 7),
    Defect("nop_sau_tiep_nhan", WARNING, 0.004, 8),
    Defect("kenh_trong", WARNING, 0.003, 11),
    Defect("tthc_la", WARNING, 0.002, 13),
    Defect("co_la", WARNING, 0.002, 15),
    Defect("thieu_ngay_hen_tra", WARNING, 0.002, 9),
)
# Rates are shares of all ratings, or of all dossiers with a history.
OTHER_DEFECTS = (
    Defect("danh_gia_la", CRITICAL, 0.004, 3),
    Defect("danh_gia_tuong_lai", CRITICAL, 0.002, 6),
    Defect("danh_gia_truoc_tiep_nhan", WARNING, 0.003, 7),
    Defect("danh_gia_ho_so_la", WARNING, 0.003, None),
    Defect("thieu_buoc_tiep_nhan", WARNING, 0.002, None),
)
NAMES = ("", *(defect.name for defect in DEFECTS))
# Position in NAMES; 0 means a good row.
CODE = {name: code for code, name in enumerate(NAMES)}
CRITICAL_KINDS = frozenset(defect.name for defect in DEFECTS if defect.severity == CRITICAL)
WARNING_KINDS = frozenset(defect.name for defect in DEFECTS if defect.severity == WARNING)
DEFAULT_RATES = {defect.name: defect.rate for defect in DEFECTS}
OTHER_RATES = {defect.name: defect.rate for defect in OTHER_DEFECTS}


def mojibake(text: str) -> str:
    """UTF-8 text as a careless client shows it when it reads the bytes as Windows-1252."""
    shown = []
    for byte in text.encode("utf-8"):
        try:
            shown.append(bytes([byte]).decode("cp1252"))
        except UnicodeDecodeError:
            shown.append(chr(byte))
    return "".join(shown)
