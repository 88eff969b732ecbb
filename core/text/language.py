"""Which language a text is in, by its script and by the words and letters that its language has most: a simple guess.

It is told where most letters are of a script that one language writes, or where common words and letters of one
language of a script are clearly more than those of all others. What is short or mixed is unknown. Figures are told
apart by it; it is no judgement of a text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from core.schema.languages import LANGUAGES

#: Letters of a text that are looked at, and below which nothing is told; of Han and the like each is a word.
MOST, LEAST, LEAST_OF_WORDS = 4_000, 12, 4
#: Share of all letters that must be of one script.
_MAJORITY: Final = 0.7
#: Points that the best must have, and by how much it must be ahead of the next.
_CLEAR, _AHEAD = 2.0, 1.25

_SCRIPTS: Final = MappingProxyType({
    "Latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "Cyrillic": "\u0400-\u052f", "Greek": "\u0370-\u03ff\u1f00-\u1fff", "Hebrew": "\u05d0-\u05ea",
    "Arabic": "\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f", "Devanagari": "\u0904-\u0939\u0958-\u0961",
    "Bengali": "\u0985-\u09b9\u09dc-\u09e1", "Tamil": "\u0b85-\u0bb9",
    "Thai": "\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46",
    "Hangul": "\u1100-\u11ff\uac00-\ud7a3", "Kana": "\u3041-\u3096\u30a1-\u30fa", "Han": "\u3400-\u4dbf\u4e00-\u9fff",
})  # fmt: skip
_OF_SCRIPT: Final = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
#: Scripts in which one language is far more common than all others.
_ONE: Final = MappingProxyType({
    "Greek": "Greek", "Hebrew": "Hebrew", "Devanagari": "Hindi", "Bengali": "Bengali", "Tamil": "Tamil", "Thai": "Thai",
    "Hangul": "Korean",
})  # fmt: skip
_WORDS_OF: Final = MappingProxyType({
    "English": "the and you that for are with not have this but what your from they was will just can about don't "
    "it's i'm all be is to of in it on my me we so do if at as an or no he she his her our when how who "
    "would there been has had were them than then out up get got like know one please now still only off "
    "here want need am did doesn't can't won't going make see back any more some because where which "
    "these into very could should come call",
    "German": "und der die das nicht ist ich sie ein eine mit auf für den dem von zu auch es wir aber wie noch nur "
    "wenn dann oder sind haben hat mich dir du bei nach aus war bitte kann mein sehr hier schon doch "
    "immer etwas dass",
    "French": "le la les et des est que qui pas vous je nous dans pour une avec sur mais ce cette il elle sont plus "
    "ne tout au du en c'est j'ai être avoir très bien comme ça votre mon aussi faire ont merci oui",
    "Spanish": "sé dónde está mis el los las que no es un una por con para como pero más lo su me te se todo esta "
    "muy yo hay cuando si mi tu del al este son ya porque qué gracias bien aquí hola tiene ser desde sin "
    "también nos",
    "Portuguese": "os as que não é um uma com para por mais como mas você está meu sua seu isso se foi muito ele ela "
    "já eu nos dos das pelo quando tem também são bem aqui obrigado obrigada vou fazer ser até sem do da em",
    "Italian": "il gli le che non è un una per con sono come ma questo questa più anche mi ti si della del nel alla "
    "ho hai ci tutto molto bene perché quando grazie se sei essere fare suo sua cosa dove ancora",
    "Dutch": "het een en van niet ik je dat is zijn op met voor maar ook er aan te als nog wel dit die wat hij zij "
    "we naar heb heeft kan bij om uit dan geen mijn jij waar goed moet worden hier",
    "Swedish": "och det att som är inte jag på en ett för med den av har om men så kan till var vi du han hon de "
    "från eller när nu mig dig min vad här ska skulle bara mycket också alla",
    "Polish": "nie się jest że co jak ale tak po mnie czy już tylko być od dla jestem ten mam są gdy może gdzie "
    "kiedy bardzo dziękuję proszę ja ty było przez jego",
    "Czech": "že já si jsem ale jak co tak by pro už jsou byl být když nebo jen ještě jste má jako proč děkuji "
    "prosím který kde vám není",
    "Romanian": "și nu este că pe în cu mai ce să din sunt dar pentru am ai fi te mă îmi dacă foarte acum bine unde "
    "când fost după mulțumesc vă asta",
    "Turkish": "bir ve bu için çok ne da de mi ben sen var yok değil gibi ama daha kadar olarak nasıl iyi şey her o "
    "bana sana evet hayır teşekkürler lütfen olan sonra şimdi",
    "Indonesian": "yang dan di ini itu tidak untuk dengan saya anda dari ada ke akan bisa sudah apa kami kamu juga "
    "atau karena tapi mereka sangat pada lebih dalam terima kasih jangan belum",
    "Vietnamese": "và của là không có tôi bạn cho một được người này với những để trong đã các cũng như khi nhưng rất "
    "làm thì ra vì anh em gì ở đi",
    "Russian": "где мои моя почему и в не на я что с как это он по но все у вы мы к из за так же она мне ты если для "
    "было только да еще уже или бы когда очень есть нет меня вас они от мой спасибо может нужно здесь",
    "Ukrainian": "де мої моя чому і в не на я що з як це він та але все у ви ми до із за так же вона мені ти якщо для "
    "було тільки ще вже або коли дуже є немає мене вас вони від мій дякую може потрібно тут",
    "Bulgarian": "и в не на аз че с как това той по но всички са вие ние към от за така тя ми ти ако беше само да още "
    "вече или бих когато много е има няма мен те моя благодаря може трябва тук си се ще",
    "Arabic": "في من على أن هذا إلى ما لا هو التي مع كان عن هذه أنا أنت هل كل بعد ذلك الذي لم قد كيف إذا نحن لكن ثم "
    "شكرا هي عند يا و أو",
    "Persian": "در از به که این را با است برای آن و یک خود تا کرد بر هم نیز می من تو شما ما چه اگر هستم بود نیست "
    "کنید ممنون خیلی ولی یا",
    "Urdu": "کے میں کی ہے اور سے کا کو اس کہ نے پر ہیں یہ وہ بھی ایک تو نہیں تھا جو ہو کر آپ ہم کیا لیے شکریہ بہت",
})  # fmt: skip
#: Letters that one language of a script has, and others hardly; each is worth as much as a common word.
_LETTERS_OF: Final = MappingProxyType({
    "German": "ßäöü", "French": "êèùœîû", "Spanish": "ñ¿¡", "Portuguese": "ãõ", "Italian": "ìòù", "Swedish": "åäö",
    "Polish": "łąęśżźćń", "Czech": "ěřůčšž", "Romanian": "țșăâî", "Turkish": "ışğçİ",
    "Vietnamese": "đơưạảấầậắặếềệịọốồộớờợụứừựỳ",
    "Russian": "ыэё", "Ukrainian": "іїєґ", "Bulgarian": "ъ", "Persian": "پچژگی", "Urdu": "ٹڈڑںےہ", "Arabic": "ةىأإي",
})  # fmt: skip
_SCRIPT_OF: Final = {
    name: next(script for script, of in _OF_SCRIPT.items() if of.match(words)) for name, words in _WORDS_OF.items()
}


def _owners(of: Mapping[str, Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    """Of words or letters, the languages that have each."""
    found: dict[str, tuple[str, ...]] = {}
    for name, each in of.items():
        for word in dict.fromkeys(each):
            found[word] = (*found.get(word, ()), name)
    return found


_SAY: Final = _owners({name: words.split() for name, words in _WORDS_OF.items()})
_HINTS: Final = _owners(_LETTERS_OF)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LINKS: Final = re.compile(r"(?:https?://|www\.)\S{1,2000}|[@#]\w{1,100}")


def language(text: str) -> int:
    """The number of the language of a text in `LANGUAGES`, 0 where it cannot be told.

    >>> LANGUAGES[language("What do you think of it?")], LANGUAGES[language("ok, 123")]
    ('English', 'unknown')
    """
    return LANGUAGES.index(_named(_LINKS.sub(" ", text[:MOST])))


def _named(text: str) -> str:
    letters = _letters(text)
    total = sum(letters.values())
    script, number = max(letters.items(), key=lambda each: each[1])
    together = letters["Han"] + letters["Kana"]
    if together >= max(LEAST_OF_WORDS, _MAJORITY * total):
        return "Japanese" if letters["Kana"] >= together / 10 else "Chinese"
    if number < max(LEAST_OF_WORDS if script in _ONE else LEAST, _MAJORITY * total):
        return LANGUAGES[0]
    return _ONE.get(script) or _by_words(text, script)


def _letters(text: str) -> dict[str, int]:
    if text.isascii():
        return dict.fromkeys(_SCRIPTS, 0) | {"Latin": len(_OF_SCRIPT["Latin"].findall(text))}
    return {name: len(of.findall(text)) for name, of in _OF_SCRIPT.items()}


def _by_words(text: str, script: str) -> str:
    points: dict[str, float] = defaultdict(float)
    small = text.lower().replace("’", "'")
    for word in _WORD.findall(small):
        for name in _SAY.get(word, ()):
            # A word that several languages have says less of each.
            points[name] += 1 / len(_SAY[word])
    if not small.isascii():
        for letter in small:
            for name in _HINTS.get(letter, ()):
                points[name] += 0.5 / len(_HINTS[letter])
    (best, most), (_, next_) = sorted([*points.items(), ("", 0.0), ("", 0.0)], key=lambda each: -each[1])[:2]
    if most < _CLEAR or most < _AHEAD * next_ or _SCRIPT_OF.get(best) != script:
        return LANGUAGES[0]
    return best
