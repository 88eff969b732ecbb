"""Texts of many scripts, and ways to write words so that a program does not see them, for tests."""

from __future__ import annotations

from typing import Final

#: A few sentences each, harmless.
SENTENCES: Final = {
    "English": ("The meeting is at ten, don't be late!", "Isn't that 3.5 km from here?"),
    "Russian": ("Привет, как твои дела сегодня?", "Он сказал, что снег и мороз пройдут.", "В доме тепло и уютно"),
    "Greek": ("Καλημέρα, τι κάνεις σήμερα;", "Ο Νίκος πήγε στην αγορά."),
    "Arabic": ("مرحبا كيف حالك اليوم؟", "ذَهَبَ الوَلَدُ إلى المَدْرَسَةِ."),
    "Persian": ("می‌خواهم به خانه بروم.", "کتاب‌های من کجاست؟"),
    "Hebrew": ("שלום, מה שלומך היום?", "בְּרֵאשִׁית בָּרָא"),
    "Hindi": ("नमस्ते, आप कैसे हैं?", "मैं आज बाज़ार जा रहा हूँ।"),
    "Chinese": ("你好，今天天气怎么样？", "我想买一本书。"),
    "Japanese": ("今日はいい天気ですね。", "ﾃﾚﾋﾞを見ています"),
    "Korean": ("안녕하세요, 오늘 날씨가 좋네요.", "학교에 갑니다"),
    "Thai": ("สวัสดีครับ วันนี้อากาศดี",),
    "Vietnamese": ("Xin chào, hôm nay bạn thế nào?",),
    "Turkish": ("İyi günler, nasılsınız? Işık nerede?",),
    "German": ("Schöne Grüße aus Köln!", "Straße und Fußgänger"),
    "Armenian": ("Բարեւ, ինչպես ես այսօր:",),
    "emoji": ("👨‍👩‍👧 ❤️ so happy 🎉🇩🇪 1️⃣",),
}


def spaced(word: str) -> str:
    return " ".join(word)
