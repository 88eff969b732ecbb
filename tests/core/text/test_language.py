"""The language of a text is told where it is plain, and unknown where it is not."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schema.languages import LANGUAGES
from core.text.language import language

SENTENCES: Final = {
    "English": [
        "I will send you the money when you are back",
        "please call me now, the offer is only for today",
        "he is a really bad person and nobody likes him",
    ],
    "German": [
        "Ich habe das Paket noch nicht bekommen",
        "Bitte ruf mich an, wenn du wieder da bist",
        "Die Lieferung ist für morgen geplant",
    ],
    "French": [
        "Je ne sais pas où il est en ce moment",
        "Vous avez une très belle maison avec un jardin",
        "Merci pour le message, c'est très bien",
    ],
    "Spanish": [
        "No sé dónde está mi dinero",
        "Los niños juegan en la calle con una pelota",
        "Gracias por todo, está muy bien hecho",
    ],
    "Portuguese": [
        "Não sei onde está o meu dinheiro",
        "Você pode me ajudar com isso, por favor",
        "Eu vou fazer isso amanhã com a minha mãe",
    ],
    "Italian": [
        "Non so dove sono i miei soldi",
        "Questo è un messaggio per te e per gli altri",
        "Grazie mille, è molto bello anche questo",
    ],
    "Dutch": [
        "Ik weet niet waar het geld is",
        "Dit is een bericht voor jou en voor de anderen",
        "Wat kan ik voor je doen, het is goed",
    ],
    "Swedish": [
        "Jag vet inte var pengarna är",
        "Det är ett meddelande till dig och de andra",
        "Kan du hjälpa mig med det här nu",
    ],
    "Polish": [
        "Nie wiem, gdzie są moje pieniądze",
        "To jest wiadomość dla ciebie",
        "Czy możesz mi pomóc, proszę bardzo",
    ],
    "Czech": [
        "Nevím, kde jsou moje peníze",
        "To je zpráva pro vás a pro ostatní",
        "Můžete mi prosím pomoci, když je to možné",
    ],
    "Romanian": [
        "Nu știu unde sunt banii mei",
        "Acesta este un mesaj pentru tine și pentru ceilalți",
        "Mulțumesc foarte mult, este bine acum",
    ],
    "Turkish": [
        "Paramın nerede olduğunu bilmiyorum, bu çok kötü",
        "Bu mesaj senin için ve herkes için",
        "Bana yardım eder misin, lütfen, çok teşekkürler",
    ],
    "Indonesian": [
        "Saya tidak tahu di mana uang saya",
        "Ini adalah pesan untuk anda dan mereka",
        "Apa yang bisa saya bantu, terima kasih",
    ],
    "Vietnamese": [
        "Tôi không biết tiền của tôi ở đâu",
        "Đây là một tin nhắn cho bạn và mọi người",
        "Bạn có thể giúp tôi được không",
    ],
    "Russian": [
        "Я не знаю, где мои деньги",
        "Это сообщение для вас и для всех",
        "Вы можете мне помочь, если это нужно",
    ],
    "Ukrainian": [
        "Я не знаю, де мої гроші",
        "Це повідомлення для вас і для всіх",
        "Ви можете мені допомогти, якщо це потрібно",
    ],
    "Bulgarian": [
        "Аз не знам къде са моите пари",
        "Това е съобщение за вас и за всички",
        "Може ли да ми помогнете, ако има време",
    ],
    "Greek": [
        "Δεν ξέρω πού είναι τα λεφτά μου",
    ],
    "Hebrew": [
        "אני לא יודע איפה הכסף שלי",
    ],
    "Arabic": [
        "أنا لا أعرف أين هي نقودي",
        "هذا خبر من المدينة إلى كل الناس",
        "هل يمكنك أن تساعدني في هذا، شكرا",
    ],
    "Persian": [
        "من نمی‌دانم پول من کجاست",
        "این پیام برای شما و همه است",
        "آیا می‌توانید به من کمک کنید",
    ],
    "Urdu": [
        "مجھے نہیں معلوم کہ میرے پیسے کہاں ہیں",
        "یہ پیغام آپ کے لیے ہے",
        "کیا آپ میری مدد کر سکتے ہیں",
    ],
    "Hindi": [
        "मुझे नहीं पता कि मेरे पैसे कहाँ हैं",
    ],
    "Bengali": [
        "আমি জানি না আমার টাকা কোথায়",
    ],
    "Tamil": [
        "என் பணம் எங்கே என்று எனக்குத் தெரியவில்லை",
    ],
    "Thai": [
        "ฉันไม่รู้ว่าเงินของฉันอยู่ที่ไหน",
    ],
    "Korean": [
        "내 돈이 어디 있는지 모르겠어요",
    ],
    "Japanese": [
        "私のお金がどこにあるのかわかりません",
    ],
    "Chinese": [
        "我不知道我的钱在哪里",
        "請告訴我在哪裡",
    ],
}


@pytest.mark.parametrize("name", SENTENCES)
def test_the_language_of_a_sentence_is_told(name: str) -> None:
    assert [LANGUAGES[language(text)] for text in SENTENCES[name]] == [name] * len(SENTENCES[name])
    assert LANGUAGES[language(SENTENCES[name][0].upper())] in {name, "unknown"}


def test_every_language_but_one_has_a_sentence() -> None:
    assert {*SENTENCES} == {*LANGUAGES} - {"unknown"}


@pytest.mark.parametrize(
    "text",
    ["", "ok", "123 456", "lol xd", "bitcoin whatsapp telegram", "😀😀😀", "Привет hello друг friend", "ja da si no",
     "https://example.org/the/and/you/that", "@the_and_you #that_is_it"],
)  # fmt: skip
def test_what_is_short_or_mixed_is_unknown(text: str) -> None:
    assert language(text) == 0


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_has_one_or_none(text: str) -> None:
    assert 0 <= language(text) < len(LANGUAGES)
