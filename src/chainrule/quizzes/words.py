"""The sentences of a verdict, in the languages that it speaks."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import choose

__all__ = ["SENTENCES", "sentence", "where_of"]

_EN = {
    # what could not be read
    "empty": "There is no answer yet: type a number.",
    "missing": "Not answered.",
    "words": "This is no number: write it like 0.0822, -0.809, 4.39e-4 or 1/3.",
    "separators": "Write the number without separators of thousands, like 1234.5.",
    "infinite": "No number here is infinite or undefined: write it like 0.0822.",
    "digits": "Write at least three significant digits, such as 0.0822 or 0.850.",
    "more": "Write at least {detail} significant digits: with fewer, a wrong step looks right.",
    # right
    "right": "Right.",
    "rounded": "Right, with intermediate results rounded.",
    "own": "Right, from your own rounded results.",
    "carried": "Right with your own earlier answer to {where}: the error was marked there.",
    # wrong paths
    "slope": "The slope σ′ was left out{where}.",
    "updated": "The updated weight was used on the way back{where}: gradients take the old ones.",
    "half": "The ½ of the loss was dropped, which is an extra factor 2{where}.",
    "two": "The 2 of the square did not come down in the derivative{where}.",
    "sign": "Wrong sign: target minus output in place of output minus target{where}.",
    "path": "A path was left out: the one through {detail}{where}.",
    "output": "A part of the loss was left out: that of {detail}.",
    "term": "A term was left out: {detail}{where}.",
    "sum": "A sum was taken where the loss is a mean over {detail}{where}.",
    "mean": "A mean over the outputs was taken where the loss is a sum{where}.",
    "bias": "A bias was forgotten: {detail}{where}.",
    "ascent": "Wrong sign in the update: the step was added, it is subtracted.",
    "rate": "The learning rate was forgotten: the whole gradient was subtracted.",
    "step": "This is the step, rate times gradient: it is still to be subtracted from the weight.",
    "input": "The last factor was left out, the input of the weight{where}.",
    "weight": "Multiplied by the weight {detail} itself{where}: ∂net/∂w is the input.",
    "net_in": "The net input {detail} was taken{where}: ∂net/∂w is the output of the unit before.",
    "activation": "The activation was left out{where}: the net input was taken as the output.",
    "exponent": "The minus in the exponent of σ was lost{where}.",
    "slope_net": "The slope was taken at the net input{where}: it is that of the output.",
    "slope_out": "The output was taken in place of its slope{where}.",
    "transposed": "Row and column of the weights were exchanged on the way back{where}.",
    # what can be said without a wrong path
    "old": "This is the old {detail}: the step is still to be subtracted.",
    "minus": "Right but for its sign.",
    "point": "Right but for the decimal point.",
    "other": "This is {detail}; asked is {where}.",
    "close": "Close, but not equal to the digits given: round only at the end.",
    "copied": "This is only your earlier answer to {where} again.",
    "idle": "It would come of any such {where}: it shows no work of this step.",
    "wrong": "Not right, and no known slip leads to it.",
    # where
    "in": " in {names}", "everywhere": " in every step", "and": " and ", "or": "Or: ",
    "outputs": "the outputs", "rows": "the rows", "both": "the outputs and the rows",
}  # fmt: skip
_AR = {
    "empty": "لا توجد إجابة بعد: اكتب عددًا.",
    "missing": "بلا إجابة.",
    "words": "هذا ليس عددًا: اكتبه مثل 0.0822 أو -0.809 أو 4.39e-4 أو 1/3.",
    "separators": "اكتب العدد بلا فواصل للآلاف، مثل 1234.5.",
    "infinite": "لا يوجد هنا عدد لانهائي أو غير معرَّف: اكتبه مثل 0.0822.",
    "digits": "اكتب ثلاثة أرقام معنوية على الأقل، مثل 0.0822 أو 0.850.",
    "more": "اكتب {detail} أرقام معنوية على الأقل: بأقل منها قد تبدو الخطوة الخاطئة صحيحة.",
    "right": "صحيح.",
    "rounded": "صحيح، مع تقريب النتائج الوسطى.",
    "own": "صحيح، من نتائجك المقرَّبة.",
    "carried": "صحيح بناءً على إجابتك السابقة عن {where}: حُسب الخطأ هناك.",
    "slope": "أُهمل الميل σ′{where}.",
    "updated": "استُعمل الوزن الجديد في الرجوع{where}، والتدرجات تؤخذ من الأوزان القديمة.",
    "half": "سقط النصف ½ من الخسارة، فظهر عامل زائد 2{where}.",
    "two": "لم ينزل الأس 2 عند الاشتقاق{where}.",
    "sign": "الإشارة خاطئة: الهدف ناقص المخرج بدلًا من المخرج ناقص الهدف{where}.",
    "path": "أُهمل مسار، وهو المار عبر {detail}{where}.",
    "output": "أُهمل جزء من الخسارة، وهو جزء {detail}.",
    "term": "أُهمل حد: {detail}{where}.",
    "sum": "أُخذ المجموع والخسارة متوسط على {detail}{where}.",
    "mean": "أُخذ المتوسط على المخرجات والخسارة مجموع{where}.",
    "bias": "نُسي انحياز: {detail}{where}.",
    "ascent": "الإشارة خاطئة في التحديث: أُضيفت الخطوة وهي تُطرح.",
    "rate": "نُسي معدل التعلم: طُرح التدرج كله.",
    "step": "هذه هي الخطوة، أي المعدل في التدرج: بقي طرحها من الوزن.",
    "input": "أُهمل العامل الأخير، وهو مدخل الوزن{where}.",
    "weight": "ضُرب في الوزن {detail} نفسه{where}، والمشتقة ∂net/∂w هي المدخل.",
    "net_in": "أُخذ صافي المدخل {detail}{where}، والمشتقة ∂net/∂w هي مخرج الوحدة السابقة.",
    "activation": "أُهملت دالة التنشيط{where}: أُخذ صافي المدخل على أنه المخرج.",
    "exponent": "ضاعت إشارة السالب من أس σ{where}.",
    "slope_net": "أُخذ الميل عند صافي المدخل{where}، وهو ميل المخرج.",
    "slope_out": "أُخذ المخرج بدلًا من ميله{where}.",
    "transposed": "تبادل صف الأوزان وعمودها في الرجوع{where}.",
    "old": "هذه القيمة القديمة {detail}: بقي طرح الخطوة منها.",
    "minus": "صحيح ما عدا الإشارة.",
    "point": "صحيح ما عدا الفاصلة العشرية.",
    "other": "هذه قيمة {detail}، والمطلوب {where}.",
    "close": "قريب، لكنه لا يساوي القيمة بالأرقام المكتوبة: لا تقرِّب إلا في النهاية.",
    "copied": "هذه إجابتك السابقة عن {where} نفسها.",
    "idle": "ينتج عن أي قيمة كهذه لـ {where}، فلا يُظهر عمل هذه الخطوة.",
    "wrong": "غير صحيح، ولا يؤدي إليه خطأ معروف.",
    "in": " في {names}", "everywhere": " في كل خطوة", "and": " و", "or": "أو: ",
    "outputs": "المخرجات", "rows": "الصفوف", "both": "المخرجات والصفوف",
}  # fmt: skip
SENTENCES: Mapping[str, Mapping[str, str]] = {"en": _EN, "ar": _AR}

APART, AGAIN = "\u2066", "\u2069"  # a symbol between them is read from left to right, by itself


def sentence(language: str, key: str, detail: str = "", where: str = "") -> str:
    """One sentence.

    Args:
        language: "en" or "ar".
        key: which one.
        detail: what exactly was left out or taken.
        where: the symbols, or a piece made by `where_of`.

    Example:
        >>> sentence("en", "slope", where=where_of("en", ["δ_h1"]))
        'The slope σ′ was left out in δ_h1.'
    """
    if language not in SENTENCES:
        raise choose("language", language, SENTENCES, where="quiz")
    words = SENTENCES[language]
    if key in ("sum",):
        detail = words.get(detail, detail)
    elif detail:
        detail = _apart(language, detail)
    return words[key].format(detail=detail, where=where)


def where_of(language: str, names: list[str], most: int = 3) -> str:
    """The piece of a sentence that says where: nothing, " in δ_h1", " in every step"."""
    words = SENTENCES[language]
    if not names:
        return ""
    if len(names) > most:
        return words["everywhere"]
    return words["in"].format(names=listed(language, names))


def listed(language: str, names: list[str]) -> str:
    """Symbols one after the other: a, b and c."""
    names = [_apart(language, n) for n in names]
    last = SENTENCES[language]["and"] + names[-1] if len(names) > 1 else names[-1]
    return ("، " if language == "ar" else ", ").join(names[:-1]) + last


def _apart(language: str, text: str) -> str:
    return text if language == "en" else f"{APART}{text}{AGAIN}"
