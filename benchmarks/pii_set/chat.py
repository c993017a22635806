"""Chat messages for measuring speed: 10 to about 400 words, half of them with personal data."""

from __future__ import annotations

import random

from .rows import Row, fill
from .values import Values

__all__ = ["chat"]

_SHORTEST, _LONGEST = 10, 400

_TALK = (
    "Hello, I hope somebody can help me with this today.",
    "I have been a customer for years and this never happened before.",
    "The page tells me that something went wrong, whatever I press.",
    "How long does it usually take until a refund arrives?",
    "I tried it on my phone and on the laptop, with the same result.",
    "There is a fee on the statement that nobody can explain to me.",
    "Could you tell me which documents you need for that?",
    "My contract says that I can cancel at the end of every month.",
    "It would be great if the new card came before we leave on holiday.",
    "I would rather have it in writing, if that is not too much trouble.",
    "We are moving house soon and I do not want to lose any letters.",
    "The colleague on the line was friendly but could not see the order.",
    "Is there any way to change the delivery once it has been sent?",
    "I am a little worried, because the money left my account twice.",
    "Please do not send it by mail again, the last one got lost.",
    "What happens to my points when I change to the other tariff?",
    "The app asks for a code, but no message ever comes.",
    "I have read the questions and answers and found nothing about it.",
    "Last week it still worked, then there was an update.",
    "As far as I know the insurance covers damage by water.",
    "Would it help if I sent a picture of the broken part?",
    "My brother said that he had the very same trouble in spring.",
    "If we cannot find a solution, I would like to speak to a supervisor.",
    "The amount on the invoice is higher than what we agreed on.",
    "I only want to know whether I have to do something now.",
    "The light blinks red, then green, and then nothing happens at all.",
    "Somebody should have called me back, but I waited for nothing.",
    "Thanks a lot for looking into this, I know you are busy.",
    "I do not understand the second paragraph of your last letter.",
    "Can I pay in three parts, and does it cost anything?",
    "The garage wants to know who pays for the rental car.",
    "Maybe it is only a misunderstanding, then please forget what I wrote.",
    "Nothing in the settings says how to turn it off.",
    "Sorry for the long message, I wanted to explain it properly.",
    "After the call in the morning everything seemed fine for an hour.",
    "For the warranty I still have the receipt and the box.",
    "It is the third time that I write, and each time I get another answer.",
    "The door of the branch was closed although the sign said open.",
    "I would like to add a second driver for the summer.",
    "When the rate goes up, can I leave the contract early?",
)
_HARMLESS = (
    "The order is {~ORDER}, sent with tracking number {~TRACKING}.",
    "I am on version {~VERSION} since {~DATE}, and the log ends at {~TIMESTAMP}.",
    "My ticket {~TICKET} is still open, it was about an amount of {~AMOUNT}.",
    "The box says {~PRODUCT}, article {~SKU}, and the book is ISBN {~ISBN}.",
    "The request had the id {~UUID}.",
)
_PERSONAL = (
    "My name is {PERSON} and you can write to {EMAIL_ADDRESS}.",
    "Please call me back on {PHONE_NUMBER}, best after six.",
    "The IBAN is {IBAN_CODE}, the account belongs to {PERSON}.",
    "I paid with my card {CREDIT_CARD} in {LOCATION}.",
    "My sort code is {UK_SORT_CODE} and I bank in {LOCATION}.",
    "My national insurance number is {UK_NINO}.",
    "Somebody logged in from {IP_ADDRESS} last night.",
    "I spoke to {PERSON} about it, at {PHONE_NUMBER}.",
    "Send a copy to {EMAIL_ADDRESS} and to {EMAIL_ADDRESS}, please.",
    "The money went from {IBAN_CODE} to {PERSON} in {LOCATION}.",
    "{PERSON} from {LOCATION} signed for it.",
    "The number on the card is {CREDIT_CARD}, my phone is {PHONE_NUMBER}.",
)


def chat(count: int, seed: int = 1) -> list[Row]:
    """``count`` messages in English, every second one with one to five sentences of personal data."""
    chance, values = random.Random(seed), Values(seed)
    return [
        fill("chat", _message(chance, index, count, personal=index % 2 == 0), values)
        for index in range(count)
    ]


def _message(chance: random.Random, index: int, count: int, *, personal: bool) -> str:
    # Lengths grow by the same factor from one message to the next, so short ones are frequent.
    wanted = _SHORTEST * (_LONGEST / _SHORTEST) ** (index / (count - 1))
    sentences = chance.sample(_PERSONAL, chance.randint(1, 2 if wanted < 60 else 5)) if personal else []
    while _words(sentences) < wanted:
        sentences.append(chance.choice(_HARMLESS if chance.random() < 0.1 else _TALK))
    chance.shuffle(sentences)
    return "\n\n".join(" ".join(sentences[at : at + 8]) for at in range(0, len(sentences), 8))


def _words(sentences: list[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)
