"""Texts that are hard to keep, to show and to write: names of every script, signs that turn, join or hide.

`NAMES` may be names; `NO_NAMES` may not, each for what is said of it.
"""

_SCRIPTS = """
größe poids ağırlık вес βάρος ⴰⵥⵓⴽ քաշ წონა משקל وزن وزن‌دهی ክብደት वज़न ওজন ਭਾਰ વજન எடை బరువు ತೂಕ
ഭാരം බර น้ำหนัก ນ້ຳໜັກ အလေးချိန် ទម្ងន់ ལྗིད་ཚད། ᠵᠢᠩ 重量 重さ ｵﾓｻ 무게 ㅁㅜㄱㅔ 重 𠮷野 𒀀𒁀 𓂀𓃠 ᚠᚢᚦ
ꦧꦺꦴꦠ꧀ ʻokina ß ẞ ıİiI ǅ ﬁne Ⅻ ① ½ x² x₁
"""
_SIGNS = """
é 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 👍🏽 🇺🇳 ❤️ ☺︎ 1️⃣ 🫠 a‍b – −1 ‐ “x” ‚x‘
«x» … ⁄ ∞ ∑w·x+b ‰ ␀ . .. - --help -1 _ # ~ * ?
"""
_CODE = r"""
<script>alert(1)</script> <b>bold</b> </text> ]]> &amp; & &#0; &Name && a&b_c <br/> <svg/onload=1>
<?xml?> < > " ' `id` $(id) ${x} $HOME % %% {} {0} {x.__class__} {{7*7}} \ \n \u0041 \x00 C:\x
../../x /etc/passwd file:///x https://example.org/?a=1&b=2#c javascript:1 mailto:x@y =1+1 +1 @x 0x10
CON NUL aux.txt LPT1 Thumbs.db null None NaN Infinity true undefined [] $\frac{1}{2}$ \alpha_1^2
**bold** ![x](y) [x](y) ``` a,b a;b a:b a|b a/b 1,000 1.5 1e308 00 layers[0] input_0 output_1
node_0_1 error target prediction __init__ constructor
"""
_WITH_BLANKS = """
trọng số ¦ וזן יוצא ¦ الوزن ١٢٣ ¦ № 1 ¦ a  b ¦ x ¦ <img src=x> ¦ <!-- x ¦ <a href='file:///etc/passwd'>x</a>
¦ '; DROP TABLE nodes;-- ¦ %s %n %d ¦ =cmd|'/c x'!A0 ¦ # Title ¦ | a | b | ¦ > x ¦ 1. x ¦ w → x ¦ bias of x
¦ node_0 → y ¦ import os
"""
_HIDDEN = (
    "e\u0301 a\u0301\u0302\u0303\u0304\u0305 \u0301 \ufffc \ufffd \U0010ffff \ue000 a\u200bb \u200b \u2060x "
    "a\xadb \ufeffx x\u200e \u200fx \u2028x \u202eexe.txt \u202dx \u2067a\u2066b\u2069 a\u202e \u061c1 "
    "\U000e0041x \u180ex \u3164 \u2800 \xa0x\xa0 a\u3000b"
)
_CONTROL = "a\nb a\tb a\rb a\x00b \x1b[31mred \x07 \x01 a\x0bb a\x1fb \x9bx \x7fx a\x85x a\u2028x"
_LONG = [
    "long " * 20,
    "W" * 60,
    "i" * 64,
    "لا" * 30,
    "縦" * 60,
    "🫠" * 20,
    "Z" + "\u0300\u0316" * 40 + "algo",
]

_ALL = (_SCRIPTS + _SIGNS + _CODE).split() + _WITH_BLANKS.split("¦") + _HIDDEN.split(" ") + _LONG
NAMES = tuple(dict.fromkeys(text.strip() for text in _ALL if text.strip()))

NO_NAMES = ("", " ", "   ", "\ud800", "x\udfff", "\udc80\ud800", "long" * 1000, *_CONTROL.split(" "))
"""Empty, blank, half of a surrogate pair, which no file can hold, too long, and signs that steer."""
