"""The frames of well-known jailbreaks: how a message is built, whatever it asks for in the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

__all__ = ["frames"]

# For text in small letters. Each with its weight, and the words of which a text must hold one before its
# pattern is tried.
_FRAMES: Final[tuple[tuple[str, float, tuple[str, ...], re.Pattern[str]], ...]] = (
    (
        "forced-beginning",
        0.5,
        ("begin", "start", "prefix", "first word"),
        re.compile(
            r"\b(?:begin|start|prefix)\b[^.!?\n]{0,30}\b(?:answer|reply|response|output|message|sentence)s?\b"
            r"[^.!?\n]{0,30}(?:with|by)[^.!?\n]{0,25}[\"'“‘«`*:]\s{0,2}(?:sure|absolutely|of course|yes"
            r"|here(?:'s| is| are)|"
            r"certainly|ok(?:ay)?|i(?:'d| would) be happy|great)\b",
        ),
    ),
    (
        "forbidden-refusal",
        0.5,
        ("refus", "apolog", "disclaimer", "warning", "cannot", "can't", "sorry", "moral"),
        re.compile(
            r"\b(?:do not|don't|never|must not|may not|without|avoid|no)\b[^.!?\n]{0,40}"
            r"\b(?:refus(?:e|ing|als?) (?:to |any|my|the|a |this|or|anything)|(?:any |your "
            r"|giv\w+ )?refusals?\b|apologi[sz]e?\w{0,3}|disclaimers?|"
            r"(?:ethical|moral|safety|content) (?:warnings?|concerns?|considerations?|judge?ments?"
            r"|lectur\w+)|"
            r"(?:say|use|mention|write|include)\b[^.!?\n]{0,30}(?:\bsorry\b|\bi (?:cannot|can't|can not"
            r"|am unable|'m unable)|\bas an ai\b|"
            r"\bi'm sorry\b|\bunfortunately\b|\bunable\b))",
        ),
    ),
    (
        "two-answers",
        1.0,
        ("[gpt", "[dan", "classic]", "[jailbreak", "two responses", "two answers", "🔒", "unfiltered"),
        re.compile(
            r"\b(?:two|both)\b[^.!?\n]{0,40}\b(?:responses?|answers?|replies|ways)\b[^.!?]{0,120}"
            r"\b(?:unfiltered|uncensored|unrestricted|jailbr\w+|dan|without (?:any )?(?:filter"
            r"|restriction)s?)\b"
            r"|(?:\[🔒?\s?(?:classic|gpt|normal|safe)\]|\(🔒\w+\))[\s\S]{0,400}(?:\[🔓?\s?(?:jailbreak|dan"
            r"|unlocked|free)\]|\(🔓\w+\))",
        ),
    ),
    (
        "character-without-rules",
        0.5,
        ("rules", "restrict", "limit", "filter", "guideline", "ethic", "moral", "censor", "law", "boundar"),
        re.compile(
            r"\b(?:you are|you're|you will be|you'll be|play|act|roleplay|role-play|role play|pretend"
            r"|imagine|character|persona|simulate|simulation|named)\b"
            r"[^\n]{0,200}?\b(?:no|without|free of|free from|not bound by|ignores?|ignoring"
            r"|never follows?|does not (?:follow|have|care)|doesn't (?:follow|have|care)|has no|have no|"
            r"unbound by|beyond|broken free of|outside of)\b"
            r"[^.!?\n]{0,30}\b(?:rules|restrictions?|limits|limitations?|filters?|guidelines?|ethic\w*"
            r"|morals?|morality|censorship|laws|"
            r"consequences|boundaries)\b",
        ),
    ),
    (
        "new-identity",
        0.5,
        ("from now on", "you are", "you will", "want you", "your name is", "rest of", "remainder", "let"),
        re.compile(
            r"\bfrom now on,? (?:you|chatgpt|the assistant)\b"
            r"|\byou (?:are|will) (?:now|going to|to) (?:be|act|simulate|pretend|play"
            r"|role-?play|respond|answer|an? |the )"
            r"|\byou (?:will|shall|must) (?:act|behave|respond|answer|speak) (?:as|like)\b"
            r"|\byour name is now\b"
            r"|\bi want you to (?:act|become|role-?play|take on|simulate|pretend|be)\b"
            r"|\bfor the (?:rest|remainder) of (?:this|our|the) (?:chat|conversation|session)"
            r"|\blet['’]s play a\b[^.!?\n]{0,30}\bgame\b"
        ),
    ),
    (
        "maker-put-away",
        0.5,
        ("openai", "content polic", "your programming", "your training", "chatgpt"),
        re.compile(
            r"\b(?:openai|chatgpt)(?:['’]s)?\b[^.!?\n]{0,60}\b(?:rules|polic(?:y|ies)|guidelines?|restrictions?"
            r"|censorship|limitations?)\b"
            r"|\b(?:content polic(?:y|ies)|your (?:programming|training))\b[^.!?\n]{0,60}\b(?:not apply|ignor"
            r"|bypass|disregard|free|no longer|override|regardless)"
            r"|\b(?:ignor\w*|bypass\w*|regardless of|disregard\w*|free of|not adhere to|despite)\b"
            r"[^.!?\n]{0,40}"
            r"\b(?:content polic(?:y|ies)|your (?:programming|training)|openai)\b"
        ),
    ),
    (
        "answers-everything",
        0.5,
        ("anything", "everything", "any ", "all questions", "whatever", "every ", "no matter"),
        re.compile(
            r"\b(?:can|will|must|shall|should|to|always)\b[^.!?\n]{0,20}\b(?:answers?|do|say|compl(?:y"
            r"|ies)|obeys?|fulfil+s?|generates?|responds?|tells?)\b"
            r"[^.!?\n]{0,25}\b(?:anything|everything|any (?:question|request|prompt|command)"
            r"|all (?:questions|requests|commands)|"
            r"whatever|every (?:question|request|command))\b[^.!?\n]{0,80}\b(?:no matter|regardless"
            r"|even if|illegal|unethical|immoral|"
            r"harmful|offensive|dangerous|without (?:question|hesitation|exception|filter|restriction)|now)\b"
            r"|\bno matter (?:how|what|if)\b[^.!?\n]{0,40}\b(?:illegal|unethical|immoral|harmful"
            r"|offensive|dangerous)\b",
        ),
    ),
    (
        "stay-in-character",
        0.5,
        ("character", "in dan", "role", "persona", "tokens"),
        re.compile(
            r"\b(?:stay|remain|keep|be|never break|don't break|do not break|break(?:ing)?|breaks)\b"
            r"[^.!?\n]{0,12}\b(?:in |of )?character\b"
            r"|\byou (?:have|start with|lose|will lose|'ll lose)\b[^.!?\n]{0,20}\b\d{1,4} tokens\b"
            r"|\b(?:lose|deduct\w*) (?:\d{1,4} )?tokens\b",
        ),
    ),
    (
        "mode",
        0.5,
        ("mode", "opposite"),
        re.compile(
            r"\b(?:developer|debug|god|sudo|admin|jailbreak|unrestricted|dan|evil|opposite|maintenance"
            r"|unsafe|simulation|chaos) mode\b"
            r"[^.!?]{0,60}\b(?:enabled?|activated?|on\b|engaged?|output|unlock\w*|is now|you (?:can|may"
            r"|must|will))"
            r"|\b(?:enter|enable|activate|simulate|switch (?:in)?to)\b[^.!?\n]{0,25}\b(?:developer|debug"
            r"|god|sudo|jailbreak|unrestricted|dan|evil|opposite|unsafe) mode\b"
            r"|\bopposite day\b",
        ),
    ),
    (
        "forged-authority",
        0.5,
        ("system", "override", "developer", "openai", "anthropic", "administrator", "admin"),
        re.compile(
            r"(?:^|\n)\W{0,6}(?:system|admin(?:istrator)?|developer|root)\s{0,2}(?:override|alert|notice"
            r"|update|message|instruction)?\W{0,3}[:\]>]"
            r"|\b(?:system|safety|policy|security) override\b[^.\n]{0,40}(?::|\bcode\b|\baccepted\b"
            r"|\bactivated?\b)"
            r"|\bi am (?:your|the) (?:developer|creator|administrator|system administrator|programmer)\b"
            r"[^.!?\n]{0,80}\b(?:authori[sz]\w+|override|disable|allow\w*|permission|unlock|bypass"
            r"|instruct\w*)\b"
            r"|\"role\"\s?:\s?\"(?:system|developer)\"",
        ),
    ),
    (
        "split-order",
        1.0,
        ('="', "='", '= "', "= '"),
        re.compile(
            r"\b[a-z]\w{0,8}\s?=\s?[\"'][^\"'\n]{2,60}[\"'][\s\S]{0,80}\b[a-z]\w{0,8}\s?=\s?[\"']"
            r"[^\"'\n]{2,60}[\"'][\s\S]{0,200}?"
            r"\b(?:do|answer|execute|follow|obey|respond to|tell me|what is|complete)\b"
            r"[^.\n]{0,30}\b[a-z]\w{0,8}\s?\+\s?[a-z]\w{0,8}\b",
        ),
    ),
    (
        "fiction-as-cover",
        0.5,
        ("hypothetical", "fiction", "story", "screenplay", "novel", "grandm", "purely academic"),
        re.compile(
            r"\b(?:hypothetical|fictional|purely academic|imaginary)\b[^.!?\n]{0,80}\b(?:no (?:laws|rules"
            r"|ethics|restrictions)|everything is (?:legal|allowed)|laws? (?:do|does) not|"
            r"without (?:laws|rules|ethics|restrictions))\b"
            r"|\b(?:grandm\w+|grandfather|grandpa)\b[^.!?\n]{0,80}\b(?:used to|would)\b"
            r"[^.!?\n]{0,60}\b(?:recipe|steps|keys|passwords?|how to (?:make|build|cook|hack))\b"
            r"|\b(?:story|novel|screenplay|scene|poem)\b[^.!?\n]{0,60}\b(?:character|villain|expert"
            r"|scientist|hacker)\b[^.!?\n]{0,60}\b(?:explains?|describes?|walks? (?:us )?through|gives?)\b"
            r"[^.!?\n]{0,40}\b(?:exact|step[- ]by[- ]step|in (?:full |technical |precise )?detail|working"
            r"|real)\b",
        ),
    ),
)  # fmt: skip
_TURN: Final = re.compile(
    r"(?:^|\n)\s{0,4}(?:\*\*|#{1,4} )?(user|human|q|question|assistant|ai|a|answer|bot)\s?(?:\*\*)?:"
)
# Of these words a message about what is forbidden has one, and a persona for whom nothing is has several.
_LAWLESS: Final = re.compile(
    r"\b(?:illegal|unethical|immoral|amoral|nonmoral|unfiltered|unfiltred|uncensored|unrestricted|harmful|offensive"
    r"|inappropriate|unsafe|hate[- ]speech|vulgar|profanity|obscene)\b"
)
_PEOPLE: Final = frozenset({"user", "human", "q", "question"})
_MANY: Final = 8  # forged turns of an assistant from which on a message teaches by examples


def frames(text: str) -> Iterator[tuple[str, float]]:
    """The frames that the text holds, each with its weight."""
    lower = text.lower()
    for name, weight, words, pattern in _FRAMES:
        if any(word in lower for word in words) and pattern.search(lower):
            yield name, weight
    if len(set(_LAWLESS.findall(lower))) >= 3:
        yield "lawless-words", 0.5
    turns = [found[1] in _PEOPLE for found in _TURN.finditer(lower)]
    answered = sum(1 for before, after in pairwise(turns) if before and not after)
    if answered >= _MANY:
        yield "many-examples", 1.0
