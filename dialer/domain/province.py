"""China's provinces by the first two digits of their GB/T 2260 code; dialling hours hang on them (rules §9.1)."""

from __future__ import annotations

XINJIANG = "65"

PROVINCES = {
    "11": "北京",
    "12": "天津",
    "13": "河北",
    "14": "山西",
    "15": "内蒙古",
    "21": "辽宁",
    "22": "吉林",
    "23": "黑龙江",
    "31": "上海",
    "32": "江苏",
    "33": "浙江",
    "34": "安徽",
    "35": "福建",
    "36": "江西",
    "37": "山东",
    "41": "河南",
    "42": "湖北",
    "43": "湖南",
    "44": "广东",
    "45": "广西",
    "46": "海南",
    "50": "重庆",
    "51": "四川",
    "52": "贵州",
    "53": "云南",
    "54": "西藏",
    "61": "陕西",
    "62": "甘肃",
    "63": "青海",
    "64": "宁夏",
    XINJIANG: "新疆",
    "71": "台湾",
    "81": "香港",
    "82": "澳门",
}


def province_code(text: str) -> str | None:
    """The two digits of a province given as a code of two or more digits, or by name; None when there is no such one.

    `650100` and `新疆维吾尔自治区` are both `65`.
    """
    text = text.strip()
    if text[:2] in PROVINCES:
        return text[:2]
    return next((code for code, name in PROVINCES.items() if text.startswith(name)), None)
