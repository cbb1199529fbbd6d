"""The fixed words of a page in the languages that it speaks; formulas are the same in all of them.

A language is one table. Sentences are made by what explains, in English; here stands how each of
them is said otherwise: a pattern, and the sentence with what the pattern found.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...errors import choose
from ..steps import PARTS
from .symbols import visible

__all__ = ["LANGUAGES", "Language", "language_of"]

APART, AGAIN = "\u2066", "\u2069"  # what stands between is read from left to right, by itself


class Language(NamedTuple):
    """How a page speaks.

    Args:
        code: such as "en".
        direction: "ltr" or "rtl".
        words: by the English word.
        sentences: (pattern of the English sentence, the sentence with groups), the first that
            fits.
        phrases: (pattern, phrase) of what is said within the groups.
    """

    code: str
    direction: str
    words: dict[str, str]
    sentences: tuple[tuple[str, str], ...] = ()
    phrases: tuple[tuple[str, str], ...] = ()

    def word(self, english: str) -> str:
        """A fixed word; as it is in English where the table has none.

        Example:
            >>> language_of("ar").word("FORWARD"), language_of("en").word("FORWARD")
            ('الأمام', 'FORWARD')
        """
        return self.words.get(english, english)

    def head(self, column: str) -> str:
        """The name of a column: its words, symbols as they are and apart from them."""
        column = visible(column)
        if self.code == "en":
            return column
        out, left = "", ""
        for part in re.split(r"([A-Za-z/]{2,})", column):
            if part not in self.words:
                left += part
                continue
            out += self._apart(left) + self.words[part]
            left = ""
        return out + self._apart(left)

    def _apart(self, text: str) -> str:
        inside = text.strip(" =·")
        return text.replace(inside, f"{APART}{inside}{AGAIN}") if inside else text

    def sentence(self, english: str) -> tuple[str, bool]:
        """A sentence, and whether it is in this language now. Nothing in it hides.

        Example:
            >>> language_of("ar").sentence("before 0.5")[0].replace(APART, "").replace(AGAIN, "")
            'قبلها 0.5'
        """
        english = visible(english)
        if self.code == "en":
            return english, True
        if english in self.words:
            return self.words[english], True
        for pattern, said in self.sentences:
            found = re.fullmatch(pattern, english)
            if found:
                texts = [self._inside(text or "") for text in found.groups()]
                return re.sub(r"\\(\d)", lambda m, t=texts: t[int(m[1]) - 1], said), True
        return english, False

    def name(self, english: str) -> str:
        """The name of a line: its words, symbols as they are."""
        if self.code == "en":
            return english
        return " ".join(self.words.get(word, word) for word in english.split(" "))

    def _inside(self, text: str) -> str:
        """What a pattern found: phrases in this language, all else apart from the text around."""
        for pattern, said in self.phrases:
            text, count = re.subn(pattern, said, text)
            if count and not re.search("[A-Za-z]{3,}", text):
                return text
        return f"{APART}{text}{AGAIN}"


_EN = {
    "press": "Press → for the next number; End shows everything.",
    "fill": "Fill each gap with at least three significant digits, such as 0.0822 or 0.850.",
    "each": "One point for each gap.",
}
_AR = {
    # parts
    "NETWORK": "الشبكة", "FORWARD": "الأمام", "LOSS": "الخسارة", "BACKWARD": "الرجوع",
    "CHECK": "التحقق", "UPDATE": "التحديث", "AFTER": "بعد الخطوة", "WHY": "لماذا",
    "NOTES": "ملاحظات", "WEIGHT": "الوزن",
    PARTS["network"]: "الطبقات والخسارة والمُحسِّن والمعاملات",
    PARTS["forward"]: "من المدخلات إلى المخرجات",
    PARTS["loss"]: "عدد واحد يقيس مقدار الخطأ",
    PARTS["backward"]: "من الخسارة رجوعًا إلى كل وزن",
    PARTS["check"]: "التدرجات نفسها بلا أي مشتقة",
    PARTS["update"]: "كلها من الأوزان القديمة",
    PARTS["after"]: "الصف نفسه مرة أخرى",
    PARTS["why"]: "ما الذي يجعل التدرجات صغيرة أو كبيرة",
    PARTS["notes"]: "ما ينبغي معرفته أيضًا",
    # columns and short words
    "input": "المدخل", "inputs": "المدخلات", "gradient": "التدرج", "slope": "الميل",
    "product": "الجداء", "old": "القديم", "new": "الجديد", "step": "الخطوة", "from": "من أين",
    "number": "العدد", "shape": "الشكل", "mean": "المتوسط", "std": "الانحراف المعياري",
    "min": "الأصغر", "max": "الأكبر", "weights": "الأوزان", "bias": "الانحياز",
    "step/weight": "الخطوة/الوزن", "sum": "مجموع", "over": "على", "rows": "صفوف",
    "factors": "العوامل", "what the optimizer keeps": "ما يحفظه المُحسِّن",
    "root mean squares": "جذور متوسط المربعات", "smaller": "أصغر", "the same": "لم يتغير",
    "not smaller: the step is too large": "ليست أصغر: الخطوة كبيرة جدًا",
    "Nothing is trained: every weight is frozen.": "لا شيء يُدرَّب: كل الأوزان مجمَّدة.",
    "There is no gradient to check.": "لا يوجد تدرج للتحقق منه.",
    "There is one layer of weights: nothing to compare.": "طبقة أوزان واحدة: لا شيء يُقارن.",
    "nothing": "لا شيء", "after": "بعد", "before": "قبل", "more rows": "صفوف أخرى", "and": "و",
    # the page
    "One training step": "خطوة تدريب واحدة", "Every weight": "كل وزن على حدة",
    "computed with all digits, rounded only here": "حُسب بكل الأرقام، ولم يُقرَّب إلا هنا",
    "Next number": "العدد التالي", "Previous number": "العدد السابق",
    "First": "البداية", "Show all": "أظهر الكل", "Close": "أغلق",
    "symbols and numbers": "رموز وأعداد", "symbols": "رموز", "numbers": "أعداد",
    "Formulas": "الصيغ", "Digits": "المنازل", "digits": "منازل", "Wave": "الموجة",
    "Colours": "الألوان", "light": "فاتح", "dark": "داكن", "as the system": "حسب النظام",
    "follows": "تلقائي", "forward": "إلى الأمام", "backward": "إلى الخلف", "Names": "الأسماء",
    "Details": "التفاصيل", "few": "قليلة", "all": "كلها",
    "The network with its numbers": "الشبكة بأعدادها",
    "backward wave": "موجة الرجوع", "forward wave": "موجة الأمام",
    "press": "اضغط → للعدد التالي، وEnd لإظهار كل شيء.",
    "Left out to keep this page small": "حُذف لتبقى الصفحة صغيرة",
    # worksheets
    "Worksheet": "ورقة عمل", "Answer key": "مفتاح الإجابة", "Name": "الاسم", "Date": "التاريخ",
    "Points": "الدرجة", "Given": "المعطيات", "learning rate": "معدل التعلم", "Sheet": "الورقة",
    "fill": "املأ كل فراغ بثلاثة أرقام معنوية على الأقل، مثل 0.0822 أو 0.850.",
    "each": "نقطة واحدة لكل فراغ.",
}  # fmt: skip
_AR_SENTENCES = (
    (r"([^;]+); ([^;]+); (\w+ [^;]+); ([\d,]+) parameters(?:; (\d+) rows)?, (\w+)",
     r"\1؛ \2؛ \3؛ عدد المعاملات \4، \6"),
    (r"loss (.+); (\w+), learning rate (\S+)", r"الخسارة \1؛ \2، معدل التعلم \3"),
    (r"(\(\w+\(.+?/2h), all ([\d,]+) gradients: largest difference (\S+) (.)",
     r"\1 لكل التدرجات وعددها \2: أكبر فرق \3 \4"),
    (r"(\(\w+\(.+?/2h), the (\d+) largest of ([\d,]+) gradients: largest difference (\S+) (.)",
     r"\1 لأكبر \2 من \3 تدرجًا: أكبر فرق \4 \5"),
    (r"check +(.+)", r"التحقق: \1"),
    (r"path +(.+)", r"المسار: \1"),
    (r"(?:update )?new = old - (.+) · gradient; frozen: (.+)",
     r"الجديد = القديم − \1 · التدرج؛ مجمَّدة: \2"),
    (r"(?:update )?new = old - (.+) · gradient", r"الجديد = القديم − \1 · التدرج"),
    (r"(\S+)'s gradient is (\S+) smaller than (\S+)'s = (.+) · (.+) · (.+)",
     r"تدرج \1 أصغر \2 من تدرج \3 = \4 · \5 · \6"),
    (r"(\S+)'s gradient is (\S+) larger than (\S+)'s = (.+) · (.+) · (.+)",
     r"تدرج \1 أكبر \2 من تدرج \3 = \4 · \5 · \6"),
    (r"(\S+)'s gradient is (\S+) smaller than (\S+)'s = (.+)", r"تدرج \1 أصغر \2 من تدرج \3 = \4"),
    (r"(\S+)'s gradient is (\S+) larger than (\S+)'s = (.+)", r"تدرج \1 أكبر \2 من تدرج \3 = \4"),
    (r"frozen, left as they are: (.+)", r"مجمَّدة، تبقى كما هي: \1"),
    (r"before (.+): smaller", r"قبلها \1: أصغر"),
    (r"before (.+): not smaller: the step is too large", r"قبلها \1: ليست أصغر، الخطوة كبيرة جدًا"),
    (r"before (\S+)", r"قبلها \1"),
    (r"row (\d+) of (\d+)", r"الصف \1 من \2"),
    (r"to (\d) digits", r"إلى \1 أرقام معنوية"),
)  # fmt: skip
_AR_PHRASES = (
    (r"\(δ arriving.*\)", r"(δ القادمة)"),
    (r"\(slope (\S+)\)", r"(الميل \1)"),
    (r"\(input (\S+) against (\S+)\)", r"(المدخل \1 مقابل \2)"),
)

LANGUAGES = {
    "en": Language("en", "ltr", _EN),
    "ar": Language("ar", "rtl", _AR, _AR_SENTENCES, _AR_PHRASES),
}


def language_of(code: str) -> Language:
    """A language by its code.

    Raises:
        ArgumentError: there is none of that name.
    """
    if code not in LANGUAGES:
        raise choose("language", code, LANGUAGES, where="Explanation")
    return LANGUAGES[code]
