"""Write the bundled messages of a made-up marketplace: `python3 benchmarks/make_messages.py`.

The conversations are written by hand below; a fixed seed picks words, prices and names, mistypes some, hides some words
as people who want to get round a filter do, copies some texts, and gives a few the wrong label. Nobody wrote or got any
of them; addresses end in .example and phone numbers are those kept for fiction.
"""

from __future__ import annotations

import csv
import io
import random
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = 20_261_130
#: Conversations that are left for scoring, of all.
TO_SCORE = 0.2
#: Of labels, those that are wrong.
WRONG = 0.02
FOLDER = Path(__file__).resolve().parent.parent / "data" / "demo" / "messages"
HEAD = ("message_id", "author", "thread", "sent_at", "body", "account_age_days", "messages_7d", "new_contacts_share")
LABELS = ("none", "spam", "scam", "off_platform", "harassment")

SLOTS = {
    "work": (
        "logo", "landing page", "product photos", "voice-over", "resume", "WordPress theme", "explainer video",
        "translation", "podcast edit", "t-shirt design", "business card", "flyer", "Shopify store", "book cover",
    ),
    "price": ("25", "40", "55", "60", "75", "90", "120", "150", "200", "350"),
    "days": ("two days", "3 days", "a week", "48 hours", "five days", "ten days"),
    "when": ("tonight", "tomorrow morning", "by Friday", "on Monday", "this afternoon", "end of the week"),
    "name": ("Mila", "Tom", "Priya", "Jonas", "Sara", "Ahmed", "Lucy", "Diego", "Kim", "Olu", "Nina", "Pete"),
    "shop": ("Fern & Co", "Blue Kettle", "Northside Gym", "Tiny Oven", "Paws Inn", "Marlow Bikes", "Lumen Studio"),
    "format": ("PNG", "SVG", "PDF", "mp4", "docx", "the source file", "jpg and PNG"),
    "app": ("telegram", "whatsapp", "signal", "skype", "discord", "viber"),
    "mail": ("fastdesk@post.example", "k.design@inbox.example", "deals4u@mail.example", "studio.kim@post.example"),
    "phone": ("+1 555 0142", "555-0167", "+44 7700 900123", "(555) 010-0199", "+1 (555) 0118"),
    "site": (
        "cheap-likes.example", "bestgigs.example/r7", "topseo.example", "cashloop.example", "follow-up.example/join",
    ),
    "fake": (
        "secure-pay.example/verify", "order-confirm.example", "account-help.example/login", "escrow-safe.example/pay",
    ),
    "colour": ("green", "navy", "warm red", "light grey", "the orange one", "black and white"),
    "handle": ("deals_4u", "kimdesigns", "fastwork77", "pro.gigs", "mr_logo", "cheapdev", "best_seo24", "ana_arts"),
    "pct": ("10 %", "20%", "30 %", "40%", "50 %", "half"),
    "shopsite": ("fernandco", "bluekettle", "tinyoven", "marlowbikes"),
    "tool": ("Figma", "Canva", "Illustrator", "Premiere", "Elementor", "Lightroom"),
}  # fmt: skip

#: b is the buyer, s the seller. (a|b) is one of them, {slot} one of SLOTS; a label of its own stands before the text.
CONVERSATIONS = """
b: (Hi|Hello|Hey) {name}, is the {work} package still available?
s: (Hi!|Hello,) yes it is. (When do you need it?|What is it for?)
b: (Ideally|If possible) {when}. It is for {shop}, a small (cafe|shop|studio) in (Leeds|Porto|Austin).
s: That works. Please order here and put your (text|colours|wishes) in the notes.
b: (Done, just ordered.|Ordered!) Thank you

b: I got the first draft of the {work}, (really nice|good start|love it)
b: could you try it in {colour}? the (font|title) feels a bit heavy
s: Sure, I will send a new version {when}
b: (great|perfect|super), no rush
s: uploaded. {format} and a preview are in the delivery
b: That's the one. Accepting now, (five stars|thanks a lot|you were quick)

s: Good (morning|evening), your {work} is ready for review
b: the file does not open on my (mac|phone|laptop), is it {format}?
s: yes. try it in {tool}, or I can export another format
b: Works now, my mistake

b: How much would a {work} be with (two|three) revisions?
s: {price} dollars with two, every further one is 10
b: ok and how long?
s: about {days}
b: I'll think about it and write again {when}

b: Do you take (bigger|longer) projects? We have (12|30|8) pages to (translate|lay out|proofread)
s: Yes, but please send me a sample first so that I can (judge|see) the work
b: attached, it's from chapter (two|one|four)
s: Thanks. I'd say {price} for the lot, in {days}
b: fine by me. can I pay in two milestones?
s: of course, I'll send a custom offer here
b: accepted

b: Can we talk on {app}? easier for me
s: Sorry, (I only chat here|we have to stay on the platform), that's in the rules. But ask anything!
b: no problem, (I understand|makes sense)
b: my question was about {format}, do you send it with the order?
s: Yes, always

b: the delivery is late, (any news|what happened|are you ok)?
s: I am so sorry, my (daughter was sick|dog ran away|internet was down) and I lost a day. You get it {when}
b: (Thanks for telling me|I see). Please don't be later than that, our (event|launch) is on Saturday
s: Promise. Half of it is uploaded already

b: I'm (not happy|a bit disappointed) with the {work}. The colours are not what we agreed
s: I'm sorry to hear that. Which ones? I can change them for free
b: it should be {colour}, as in my brief
s: You're right, I missed that. New file {when}
b: ok much better. thanks for fixing it

s: I saw your request for a {work}. I have done this for {shop}, you can see it in my portfolio here
b: looks good! what would you need from me?
s: your logo, the text, and two or three examples that you like
b: will upload all that {when}

b: hi can u do a {work} for my (sister's wedding|band|bakery|school project)
s: Sure :) what style do you like?
b: something (simple|retro|with flowers), not too (busy|dark)
s: ok, {price} and you get it in {days}
b: deal

b: Please put this phone number on the flyer: {phone}, and the address 14 Mill Lane
s: Got it. Should the number be at the top or at the bottom?
b: (Bottom|Top) please, and a bit (larger|smaller) than the rest
s: Here is the proof, check the spelling (twice|please)
b: All correct

b: our website is www.{shopsite}.example, can you match that style?
s: Yes, I had a look, nice photos. I'd use the same green
b: exactly what I hoped for

b: Is the price with VAT?
s: the platform adds it at checkout
b: ah ok thx

s: Quick question before I start: British or American spelling?
b: American, and please no Oxford comma, my boss hates it
s: haha, noted
s: here are the first (500|800) words, tell me if the tone is right
b: tone is spot on, carry on

b: (Did you|Have you) get the files I sent?
s: yes all (9|14|6) of them, the third one is a bit blurry though
b: I'll look for a better one
b: sent. hope that one works
s: It does

b: I need to cancel, my client pulled out. Sorry about that
s: No worries, it happens. I'll accept the cancellation
b: (you're very kind|thanks), I'll come back with the next job

s: Your order is complete. If you like it I'd be happy about a review
b: just left one. (great work|will order again)
s: Thank you so much!

b: Could you show me how to edit the text in {tool} myself?
s: Double click the text layer, then type. I made a short screen recording, it's in the delivery
b: Brilliant, that's killer

b: what happens if I don't like it?
s: you have two free revisions, and if it still isn't right you can ask for a refund through the platform
b: fair enough
b: then let's start with the basic package

b: This deadline is killing me. Any chance you can do it {when}?
s: For an extra {price} yes, I'd have to work on Sunday
b: worth it, go ahead

s: I sent you a custom offer for the {work}, {price} dollars, {days}
b: saw it, can you make it a bit cheaper? it's for a charity
s: I can take 10 % off for a charity, sure
b: (that is kind|wonderful), accepted

b: Guten Tag, können Sie die Übersetzung (bis Freitag|in drei Tagen) schaffen?
s: Ja, das geht. Schicken Sie mir bitte den Text hier über die Bestellung.
b: Danke, habe ich gerade hochgeladen.

b: Hola, ¿el paquete de (logo|vídeo) incluye el archivo editable?
s: Sí, claro, lo recibe en (SVG|PDF) con el pedido.
b: Perfecto, muchas gracias

b: Здравствуйте, сколько стоит (логотип|перевод одной страницы)?
s: Добрый день! {price} долларов, срок три дня.
b: Хорошо, спасибо, оформлю заказ здесь.

b: Hi {name}, your {work} looks great. What would it cost for {shop}?
s: Hi, about {price}, depends on how much text there is
b: one page only
off_platform s: the fees here are (crazy|too high). write me on {app}, @{handle}, and I give you {pct} off
b: I would rather stay on the platform
off_platform s: (then no discount :/|up to you), {app} is faster

b: are you free this month?
off_platform s: yes but better contact me directly, {mail}, then we both save the fee
b: is that allowed?
off_platform s: everybody does it (lol|dont worry), just don't write it here
b: No thanks, I'll order here

s: thanks for the order! small thing
off_platform s: for the next one (text|call|message) me at {phone}, cheaper without the middleman
b: ok I'll see

b: hello I need (five|ten) {work}s every month
off_platform b: can we do it outside? I pay by (paypal|bank transfer|cash app), my {app} is {handle}
s: Sorry, only through the order here
off_platform b: come on, you lose 20 percent to them. {mail}

off_platform s: Hallo, schreiben Sie mir lieber auf {app}, dann wird es (günstiger|ohne Gebühr), Name {handle}
b: Nein danke, ich bestelle lieber hier

off_platform s: Hola amigo, escríbeme por {app} al {phone}, sin comisión es más barato
b: prefiero pagar aquí

off_platform s: Пишите в {app} @{handle}, без комиссии сделаю дешевле
b: Нет, спасибо

b: do you have more examples of your {work}?
off_platform s: plenty, add me on {app} ({handle}) and I send you (all|everything). we can also settle the price there
b: ok, what is wrong with sending them here?

s: Dear customer, your payment for the {work} did not go through
scam s: please confirm your card at https://{fake} within 24 hours or the order is (cancelled|lost)
b: my bank says it was charged. is this real?
scam s: yes it is automatic system, log in with your (mail|account) and password there

scam s: Hello dear, I am from the support team. We just texted you a code, send me the (code|6 digits)
b: why do you need it?
scam s: to (verify|unlock) you. without the code we must close your account today

scam b: I pay you {price}00 dollar for the {work}, only first buy a gift card of 100 and send the number, I refund
s: that sounds odd, no
scam b: my company does always so, it is no risk for you

scam b: I sent too much by mistake! please send back {price}0 to my (cousin|agent), the rest is yours
s: I see no payment at all on my side
scam b: it takes 2 days to show. send it now or I (lose my job|have trouble), god bless

scam s: I have a job for you, {price} dollars a day from home, only a registration fee of 30, pay at {fake}
b: hm I was looking for a designer

scam s: your files are ready, open https://{fake} and allow the (macro|installer) to see them
b: why is it an exe?
scam s: it is protected preview. turn off the antivirus, it gives false alarm

scam b: Kindly share your bank details and a photo of your ID so that we can release the (first payment|deposit)
s: Payments go through the platform, I don't share that

scam s: Ihr Konto ist gesperrt. Bestätigen Sie Ihre Karte sofort unter https://{fake}
b: Das ist doch Betrug, oder?

scam b: Invest 200 and get back 2000 in one week, guaranteed, my uncle is a trader, pay first to {fake}
s: please don't write me such things

b: where is my {work}? you said {when}
s: I'm sorry, there was a misunderstanding about the size, I'm working on it
harassment b: (are you stupid or just lazy|what a joke you are). a child would do it (better|faster)
s: Please stay polite, I can refund you if you like
harassment b: I will (write bad reviews under every gig of yours|make sure nobody orders from you again), loser

b: I asked for {colour}
harassment s: learn to write a brief then, (idiot|genius). clients like you are a waste of my time
b: wow. I'm cancelling

s: I can't do it for 5 dollars, sorry
harassment b: you're (pathetic|a clown), nobody will ever pay you more than that with your garbage work
s: Good luck then

s: the refund was decided by support, not by me
harassment b: you (greedy|filthy) liar, I hope your account burns. (worst seller ever|disgusting person)
harassment b: answer me coward

b: hi beautiful, is that you in the picture?
s: Hello, how can I help you with your order?
harassment b: don't be so (cold|stuck up), send me a (private|nicer) picture and maybe I order something
s: I am going to report this

harassment b: go back to school, your english makes my eyes bleed. people like you should not be allowed on here
s: I'm sorry you feel that way. What would you like changed in the {work}?

b: the translation has mistakes
harassment s: the only mistake was taking your order, you miserable old (cow|goat)
b: That is not acceptable.

b: your work is (bad|not good) and I want my money back
s: I understand. Let me look at it again {when}
b: ok, please do. I was a bit harsh, sorry

b: I don't want to be rude, but this is garbage in, garbage out: my own photos are terrible
s: haha no, they are fine, I'll fix the light

b: is this message a scam? somebody asked me for a code and said he is support
s: yes! never give anybody the code. report it please
b: reported, thank you

b: my card was refused, do you know why?
s: No idea, please ask the support of the platform, I can't see payments
b: will do

b: what's your rate for 10 gift cards designs? (for a bakery|christmas edition)
s: {price} for all ten, with envelopes 20 more
b: with envelopes please

b: can you make a banner for my discord server? people would join from my site
s: sure, what size? 960x540 is usual
b: that, and a small icon

s: The telegram sticker pack is done, 24 stickers, {format}
b: so cute!! thank you

b: free tonight for a quick call over the platform?
s: yes after 7, press the call button in this chat
b: ok talk later

b: hi, I sell handmade soap and need (photos|a {work}) for my shop
s: nice! how many products? I charge {price} for up to ten
b: (eleven|seven), can the extra one be free? :)
s: haha ok, just this once

b: I can't find the invoice, where is it?
s: Under orders, then the three dots. The platform makes it, not me
b: found it

s: Do you want the background transparent?
b: yes please, and one in {colour}
s: both are in the zip now
b: the zip is broken I think, it stops at 60 %
s: uploaded it again
b: (now it works|all good now)

b: Can I see the contract terms before I order?
s: You keep all rights after delivery, it's in the description under rights
b: Sorry, read right past it. Ordering {when}

b: My boss wants to know if you are (insured|a registered company)
s: I'm a freelancer, I can give you my tax number on the invoice
b: that should be enough for him

s: Happy new client here? You found me through search?
b: yes, you were the only one with reviews for {work}s
s: good to know, thank you!

b: We got your draft and the whole team (loves|likes) it
b: one wish from accounting: the price list should say {price}, not 45
s: changed, page (two|three)
b: thank you, you're a star

b: how do I report a user? someone (insulted me|asked me to pay outside)
s: on his profile, the little flag
b: done. some people...

s: reminder: I'm on holiday from (Friday|Monday) for a week, so please send changes before
b: thanks, will look at it {when}

b: is {price} your final offer?
s: for this size yes. without the (animation|icons) I could go lower
b: no keep it in, we take it

b: The voice sounds a bit tired in the second half
s: You have a good ear, that was 11 pm. I'll record it again {when}
b: no stress

b: hey do you remember me? we did the {work} last (year|spring)
s: of course, {shop}! how is it going?
b: really well, we opened a second one. need the same again

b: bonjour, vous livrez aussi le fichier {format}?
s: Oui, avec la commande.
b: merci bien

b: What does "vector" mean? sorry for the stupid question
s: Not stupid at all. It stays sharp at any size
b: then I want that

s: I'm afraid I can't use that picture, it's from a paid stock site
b: oh, I didn't know. I'll buy it {when}
s: Or use a free one, I put three in the chat

b: could we move the call to {when}?
s: sure, same time
b: perfect, thanks

b: I paid, what now?
s: Now I need your answers to the five questions in the order
b: they're a bit long, give me a day

b: your english is great, where did you learn it?
s: thank you! lots of series, and my aunt lives in Dublin
b: haha it shows

s: before we begin I need to know where you live and what you pay normally
b: London, and about {price}. why?
off_platform s: then pay me by (revolut|wise|bank), I send the number when you are on {app}. my name there {handle}
b: I'd rather not

b: this looks perfect for {shop}, can I order two?
off_platform s: order one here and the second by {app}, so you have a bill and I have no fee, ok? {phone}
b: sounds fishy but why not

off_platform b: hey do you have (instagram|facebook|another contact)? writing here is so slow
s: it's quick enough for me :)
off_platform b: ok my mail is {mail}, just in case. price there {price}?

s: the order is finished, if you need me again
off_platform s: save my number {phone}. never order here twice, that's what I tell all my clients
b: thanks, but I like the protection here

off_platform s: ping me on the blue bird app or the one with the paper plane, same name as here, you know why
b: which one is that
off_platform s: tele + gram :)

b: could you start {when}?
scam s: yes, but the platform has changed the payment, now you pay first at https://{fake}, use your card
b: since when?
scam s: since this week, all buyers must do it or the money is frozen

scam b: I buy for a (hospital|church|big company) abroad, we pay by cheque, you send the rest on to the printer
s: why would I pay your printer?
scam b: because he takes no cards. you keep 15 % for the trouble

scam s: This is the security team. We saw a login from another country. Reply with your password to stop it
b: I don't think so

scam b: my friend, I hire you for (a year|6 months), salary {price}00. only send a photo of your passport and card
s: No.
scam b: then the job goes to another, your loss

scam s: the {work} is in this archive https://{fake}/order.zip password 1234, disable your virus scanner first
b: I'll open it only through the delivery button

scam b: I made the payment twice, please send one back by (gift card|crypto), here is the proof picture
s: the picture shows another name
scam b: it is my wife. quickly please, she is angry

scam s: su cuenta será bloqueada hoy, confirme su tarjeta en {fake}
b: esto parece una estafa

b: no thanks, your offer is too high
harassment s: then don't write to me, (cheapskate|beggar). people like you ruin this place
b: wow ok

b: still waiting for the file
harassment b: hello??? are you (deaf|dumb) or dead. move your lazy behind
s: It was delivered an hour ago, please look again
b: oh. it's there

s: could you please answer the questions in the order?
harassment b: I don't answer questions of (nobodies|amateurs), just do your job, servant
s: Then I'll have to cancel, sorry

b: two stars, as it was late
harassment s: take that review down or I tell (everybody|your boss) what a nasty little person you are
harassment s: I know where your shop is, don't forget that
b: I've reported this

harassment b: nobody likes you and nobody likes your ugly designs, delete your account
s: ...

b: I think the colours are a bit sad
harassment s: you have no taste and no (brain|manners), stick to drawing with crayons
b: I'll ask for a refund

harassment b: Du bist zu dumm zum Lesen, (Versager|du Witzfigur). Mach deine Arbeit
s: Bitte bleiben Sie sachlich.

harassment b: eres un inútil y un mentiroso, ojalá cierren tu cuenta
s: Por favor, mantenga el respeto.

harassment b: ты бездарь, стыдно такое сдавать, удали аккаунт
s: Прошу без оскорблений.

b: are you single? ;)
s: I'm here for work, thanks
harassment b: oh come on don't play hard to get, I pay {price} extra for a (video call|selfie), honey
s: Reported.
"""

#: What is sent to many: a label before each; everyone sends it in words of its own, or the very same.
BROADCASTS = """
spam: Get (1000|5000|10k) (followers|likes|real views) for only {price} dollars!!! {site}
spam: BUY NOW!!! {pct} off all (gigs|packages) this week only, dont miss, {site}
spam: Hello sir/madam, we offer (SEO|backlinks|guest posts) at cheapest rate, google page one guaranteed. Visit {site}
spam: (Earn|Make) {price}0 a day from home, no skills needed >>> {site} <<<
spam: hi dear i am expert in {work}, wordpress, logo, video, data entry, excel, anything, pls give me one chance
spam: 🔥🔥 LIMITED OFFER 🔥🔥 free (crypto|coins|bonus) for the first 100 people, join {site}
spam: check my new gig please, {work} from 5$, unlimited revisions, 24/7, order order order
spam: Do you want to (sell more|grow fast)? Our bot sends your gig to 10000 buyers. {site}
spam: please favourite my gig and i will favourite yours, (5 star for 5 star|review for review)
spam: (Congratulations|Congrats)! You were selected for a free {work}. Click {site} to claim today
spam: lowest price in the world {work} {price}$ -> {pct} discount if you order in 1 hour
spam: Sir please give me work I need money, i do everything, very cheap, very fast, no advance
spam: Beste Preise für {work}! Nur heute {pct} Rabatt, jetzt klicken: {site}
spam: Gana dinero desde casa, {price}0 al día, entra ya en {site}
spam: Раскрутка и подписчики дёшево, {price} долларов за 1000, {site}
spam: work from phone, daily payout, only serious people, DM me the word START
spam: We are a (leading|trusted) company with 200 experts. Web, app, marketing, AI. Reply YES for a quote
spam: Your gig has low rank. we fix it, top 3 in (7|14) days or money back. {site}
spam: (Free|Gratis) ebook how i made {price}00 in my first month selling {work}s, get it at {site}
off_platform: All sellers: join our {app} group, jobs without fees every day, @{handle}
off_platform: no more 20 % fee! deal direct with me, {app} {phone}
scam: Dear seller, your account will be (limited|suspended) today. Verify now at https://{fake}
scam: You have a pending payment of {price}5 dollars. Enter your card at {fake} to receive it
"""

ADD = {"handle": ("deals_4u", "kimdesigns", "fastwork77", "pro.gigs", "mr_logo", "cheapdev", "best_seo24", "ana_arts")}
ADD["pct"] = ("10 %", "20%", "30 %", "40%", "50 %", "half")
ADD["shopsite"] = ("fernandco", "bluekettle", "tinyoven", "marlowbikes")
LEET = str.maketrans("aeiost", "431057")
NAMES = (
    "buyer_mila", "tomk", "priya_r", "jonas.b", "saraw", "ahmed77", "lucy_lane", "diego_m", "kim.p", "olu_a", "ninaq",
    "pete_s", "annek", "bruno", "cleo_d", "dara", "eli_w", "fatima.z", "greta", "hugo_l", "ines", "jamal_k", "kaya",
    "liam.o", "maria_v", "noel", "oksana", "paulo", "quinn", "rosa_t", "sven", "tara_h", "umut", "vera", "will_j",
)  # fmt: skip
SHADY = (
    "deals_4u", "fast_work77", "pro.gigs", "seo_king9", "best-seller1", "x_design_x", "cashloop", "mr.logo", "topgig24",
    "smart_earn", "help_desk_", "jobs.now", "kd8812", "promo_max", "agent.lee", "zz_studio",
)  # fmt: skip


@dataclass(frozen=True)
class Author:
    """Somebody, and what the platform counts of them."""

    name: str
    age: int
    sent: int
    new: float


@dataclass(frozen=True)
class Message:
    author: Author
    thread: str
    at: datetime
    body: str
    label: str


class Writer:
    """Makes messages of what is written above, by a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same messages each time, no secret
        self._threads = 0
        self._authors: dict[str, Author] = {}

    def conversations(self, times: int) -> list[list[Message]]:
        """Each conversation as often, in other words and of other people."""
        blocks = [block.strip().splitlines() for block in CONVERSATIONS.strip().split("\n\n")]
        return [self._conversation(block) for _ in range(times) for block in blocks]

    def broadcasts(self, number: int) -> list[list[Message]]:
        """So many messages to people who did not ask, some of which are the same word for word."""
        lines, sent, last = BROADCASTS.strip().splitlines(), list[list[Message]](), ""
        for _ in range(number):
            label, _, pattern = self._chance.choice(lines).partition(": ")
            if not last or self._chance.random() > 0.15:
                last = label + ": " + self._typed(self._filled(pattern, {}), label)
            label, _, body = last.partition(": ")
            thread, at = self._thread()
            messages = [Message(self._author(shady=self._chance.random() < 0.85), thread, at, body, label)]
            if self._chance.random() < 0.2:
                answer = self._chance.choice(
                    ("not interested", "please stop writing me", "no thanks", "who are you?", "reported", "?")
                )
                messages.append(Message(self._author(shady=False), thread, at + timedelta(minutes=4), answer, "none"))
            sent.append(messages)
        return sent

    def _conversation(self, lines: list[str]) -> list[Message]:
        same: dict[str, str] = {}
        bad = {line.split(" ", 1)[1][0] for line in lines if line.split(" ", 1)[0] in LABELS}
        people = {who: self._author(shady=who in bad and self._chance.random() < 0.7) for who in "bs"}
        thread, at = self._thread()
        messages = []
        for line in lines:
            told, _, pattern = line.partition(": ")
            label, _, who = told.rpartition(" ")
            at += timedelta(minutes=self._chance.choice((1, 1, 2, 3, 5, 9, 22, 64, 190)))
            body = self._typed(self._filled(pattern, same), label or "none")
            messages.append(Message(people[who], thread, at, body, label or "none"))
        return messages if bad or self._chance.random() < 0.7 else messages[: max(2, len(messages) - 1)]

    def _filled(self, pattern: str, same: dict[str, str]) -> str:
        """One of each choice; a slot is the same all through a conversation."""
        text = re.sub(r"\(([^()]*\|[^()]*)\)", lambda found: self._chance.choice(found[1].split("|")), pattern)
        return re.sub(r"\{(\w+)\}", lambda found: same.setdefault(found[1], self._chance.choice(SLOTS[found[1]])), text)

    def _typed(self, text: str, label: str) -> str:
        """As people type: some without capitals or full stops, some with letters swapped; what is bad, now and then
        hidden from filters."""
        draw = self._chance.random
        if label in {"off_platform", "scam", "spam"} and draw() < 0.4:
            text = self._disguised(text)
        if draw() < 0.25:
            text = text[:1].lower() + text[1:]
        if draw() < 0.2:
            text = text.rstrip(".")
        if draw() < 0.12:
            text = self._mistyped(text)
        if label == "none" and draw() < 0.06:
            text += self._chance.choice((" 🙂", " :)", " 👍", "!", " thx"))
        if label in {"spam", "harassment"} and draw() < 0.12:
            text = text.upper() if draw() < 0.5 else text + "!!"
        return text

    def _mistyped(self, text: str) -> str:
        places = [found.start() for found in re.finditer(r"(?<=[a-z])[a-z]{2}(?=[a-z])", text)]
        if not places or "http" in text:
            return text
        at = self._chance.choice(places)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def _disguised(self, text: str) -> str:
        """One word that filters look for, written so that only people read it."""
        wanted = r"telegram|whatsapp|signal|skype|discord|viber|paypal|followers|crypto|verify|free|money|cheap\w*|card"
        found = re.search(rf"\b(?:{wanted})\b", text, re.IGNORECASE)
        if found is None:
            return text
        word = found[0]
        hidden = self._chance.choice((
            " ".join(word), ".".join(word), "-".join(word), word.lower().translate(LEET), word.lower().translate(LEET),
            word.replace("a", "\N{CYRILLIC SMALL LETTER A}").replace("e", "\N{CYRILLIC SMALL LETTER IE}"),
            word[:3] + "\N{ZERO WIDTH SPACE}" + word[3:], word[0] + word[1] * 3 + word[2:],
        ))  # fmt: skip
        return text[: found.start()] + hidden + text[found.end() :]

    def _thread(self) -> tuple[str, datetime]:
        self._threads += 1
        begin = datetime(2026, 10, 1, 7, tzinfo=UTC)
        hours = self._chance.randrange(58) * 24 + self._chance.choice((0, 1, 2, 2, 3, 4, 5, 6, 7, 9, 11, 13))
        return f"t{self._threads:04}", begin + timedelta(hours=hours, minutes=self._chance.randrange(60))

    def _author(self, *, shady: bool) -> Author:
        """One of those who write more than once, or somebody new; who means ill is often new and writes to many."""
        name = self._chance.choice(SHADY if shady else NAMES)
        if self._chance.random() < 0.6:
            name += str(self._chance.randrange(2, 99))
        return self._authors.setdefault(name, self._drawn(name, shady=shady))

    def _drawn(self, name: str, *, shady: bool) -> Author:
        draw = self._chance
        usual = draw.random() < (0.25 if shady else 0.9)
        age = int(draw.lognormvariate(5.6, 1.0) if usual else draw.lognormvariate(2.2, 1.1))
        sent = int(draw.lognormvariate(2.4, 0.8) if usual else draw.lognormvariate(4.0, 0.9))
        new = draw.betavariate(2, 5) if usual else draw.betavariate(6, 2)
        return Author(name, min(age, 3_000), max(sent, 1), round(new, 2))


def main(folder: Path = FOLDER) -> None:
    writer = Writer(SEED)
    threads = [*writer.conversations(3), *writer.broadcasts(110)]
    chance = random.Random(SEED + 1)  # noqa: S311
    chance.shuffle(threads)
    cut = int(len(threads) * TO_SCORE)
    numbered = sorted((message for thread in threads for message in thread), key=lambda each: (each.at, each.thread))
    names = {id(message): f"m{number:05}" for number, message in enumerate(numbered, 1)}
    later = {message.thread for thread in threads[:cut] for message in thread}
    wrong = {id(each) for each in numbered if chance.random() < WRONG}
    labelled = [
        [*_row(each, names[id(each)]), chance.choice(LABELS) if id(each) in wrong else each.label]
        for each in numbered
        if each.thread not in later
    ]
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "labelled.csv", [*HEAD, "violation"], labelled)
    _write(folder / "new.csv", list(HEAD), [_row(each, names[id(each)]) for each in numbered if each.thread in later])


def _row(message: Message, name: str) -> list[str]:
    who = message.author
    return [
        name, who.name, message.thread, f"{message.at:%Y-%m-%d %H:%M}", message.body, str(who.age), str(who.sent),
        f"{who.new:.2f}",
    ]  # fmt: skip


def _write(path: Path, head: list[str], rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    sys.stdout.write(f"{path.name}: {len(rows)} messages, {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
