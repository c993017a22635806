"""Each entity is found where it is, and only there.

Values are invented or are the published specimens of their issuers; those with check digits satisfy them.
Credentials are put together from parts, so that no secret scanner takes this file for a leak.
"""

import pytest

from guardlint.pii import Detector
from guardlint.pii.profiles import PROFILES

HEX = "0123456789abcdef"
API_KEYS = {
    "openai": "sk-" + "a1B2" * 8,
    "anthropic": "sk-ant-" + "c3D4-" * 6 + "z",
    "stripe": "sk_" + "live_" + "x9Y8" * 5,
    "github": "ghp" + "_" + "e5F6" * 9,
    "gitlab": "glpat" + "-" + "g7H8" * 5,
    "slack": "xox" + "b-" + "1234567890-" + "abcdef",
    "google": "AI" + "za" + "Ab1_-" * 7,
    "nvidia": "nvapi" + "-" + "k1L2" * 8,
}
JWT = "ey" + "J" + "hbGciOiJub25lIn0" + "." + "eyJ" + "zdWIiOiJmYWtlIn0" + "." + "c2lnbmF0dXJl"
PEM = "-----BEGIN " + "PRIVATE KEY-----\n" + "QUJDREVGRw==\n" * 3 + "-----END " + "PRIVATE KEY-----"
AWS_ID = "AKIA" + "IOSFODNN7" + "EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/" + "K7MDENG/bPx" + "RfiCYEXAMPLEKEY"

# entity, text with the value between braces
FOUND = [
    ("PERSON", "My name is {Anna Schmidt}."),
    ("PERSON", "my name is {john smith} and i lost my card"),
    ("PERSON", "I flew to see {Peter O'Brien} about the claim."),
    ("PERSON", "Dear Mr. {O'Neill}, thank you."),
    ("PERSON", '{"name": "{Bob Stone}", "plan": "gold"}'),
    ("LOCATION", "I flew from {Manchester} last week."),
    ("EMAIL_ADDRESS", "write to {anna.schmidt+x@example.co.uk}, please"),
    ("EMAIL_ADDRESS", "the box {ops@mail.bank.internal} has no public domain"),
    ("PHONE_NUMBER", "call me on {07911 123456}"),
    ("PHONE_NUMBER", "reach me at {(212) 736-5000} today"),
    ("PHONE_NUMBER", "my office is {+49 30 901820}"),
    ("PHONE_NUMBER", "tel. {06 12 34 56 78}"),
    ("PHONE_NUMBER", "phone {2127365000}"),
    ("URL", "see {https://example.com/a?b=c}."),
    ("IP_ADDRESS", "logged in from {192.168.1.77}"),
    ("IP_ADDRESS", "from {2001:db8::8a2e:370:7334} again"),
    ("MAC_ADDRESS", "device {00:1B:44:11:3A:B7}"),
    ("ADDRESS", "I live at {221B Baker Street} now"),
    ("ADDRESS", "send it to {Flat 3, 22 Acacia Avenue, Manchester, M1 2AB}"),
    ("ADDRESS", "ship to {742 Evergreen Terrace, Springfield, IL 62704}"),
    ("ADDRESS", "i live at {12 baker street, london nw1 6xe}"),
    ("ADDRESS", "Ich wohne in der {Hauptstraße 12, 10115 Berlin}."),
    ("ADDRESS", "Büro: {Am Markt 5, 50667 Köln}"),
    ("ADDRESS", "J'habite {12 bis rue de la République, 69002 Lyon}."),
    ("DATE_OF_BIRTH", "My date of birth is {14/03/1985}."),
    ("DATE_OF_BIRTH", "born on {March 3rd, 1979} in Leeds"),
    ("DATE_OF_BIRTH", "Geboren am {3. März 1979}."),
    ("DATE_OF_BIRTH", "née le {12 mai 1990}"),
    ("CREDIT_CARD", "card {4111 1111 1111 1111} please"),
    ("CREDIT_CARD", "card {2223 0031 2200 3222} please"),
    ("IBAN_CODE", "pay {GB82 WEST 1234 5698 7654 32} today"),
    ("IBAN_CODE", "pay {de89370400440532013000} today"),
    ("SWIFT_BIC", "BIC {DEUTDEFF500}"),
    ("UK_SORT_CODE", "sort code {20-00-00}"),
    ("UK_SORT_CODE", "{20-00-00} 55779911"),
    ("BANK_ACCOUNT", "20-00-00 {55779911}"),
    ("BANK_ACCOUNT", "my account number is {55779911}"),
    ("BANK_ACCOUNT", "Kontonummer {1234567890}"),
    ("US_BANK_NUMBER", "account number {000123456789}"),
    ("ABA_ROUTING_NUMBER", "routing number {021000021}"),
    ("CRYPTO", "send to {1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2}"),
    ("CRYPTO", "send to {0x52908400098527886E0F7030069857D2E4169EE7}"),
    ("UK_NHS", "my nhs number is {943 476 5919}"),
    ("UK_NINO", "my NI number is {AB 12 34 56 C}"),
    ("UK_PASSPORT", "passport {502135798}"),
    ("UK_DRIVING_LICENCE", "licence {MORGA657054SM9IJ}"),
    ("UK_VEHICLE_REGISTRATION", "my car is {AB12 CDE}"),
    ("UK_POSTCODE", "postcode {SW1A 1AA}"),
    ("US_SSN", "SSN {536-90-4399}"),
    ("US_ITIN", "itin {912-70-1234}"),
    ("US_PASSPORT", "US passport {C12345678}"),
    ("US_DRIVER_LICENSE", "driver's license {D1234567}"),
    ("US_MBI", "medicare {1EG4-TE5-MK73}"),
    ("US_NPI", "npi {1234567893}"),
    ("DE_TAX_ID", "Steuer-ID {86 095 742 719}"),
    ("DE_TAX_ID", "Steuer-ID {86095742719}"),
    ("DE_ID_CARD", "Personalausweis {L01X00T47}"),
    ("DE_PASSPORT", "Reisepass {C01X00T47}"),
    ("DE_PASSPORT", "Ausweisnummer L01X00T47, Reisepassnummer {C01X00T47}"),
    ("DE_ID_CARD", "Reisepassnummer C01X00T47 und Ausweis {CF1X00T47}"),
    ("DE_ID_CARD", "Ausweis oder Reisepass: {L01X00T47}"),
    ("PERSON", "Docteur {Lefèvre} m'a prescrit ce médicament."),
    ("PERSON", "demandez à Maître {Dupont-Moreau}"),
    ("PERSON", "My name is {Mark Day}."),
    ("PERSON", "My colleague {Mark Day} will help."),
    ("PERSON", "my name is {Anna Schmidt} account 3"),
    ("DE_SOCIAL_SECURITY", "Rentenversicherung {15 070649 C 103}"),
    ("DE_VAT_ID", "USt-IdNr. {DE136695976}"),
    ("FR_NIR", "numéro de sécu {1 85 05 78 006 084 91}"),
    ("NL_BSN", "bsn {111222333}"),
    ("IE_PPS", "my pps is {1234567FA}"),
    ("ES_NIF", "DNI {12345678Z}"),
    ("ES_NIE", "NIE {X1234567L}"),
    ("IT_FISCAL_CODE", "codice fiscale {RSSMRA85T10A562S}"),
    ("PL_PESEL", "PESEL {44051401359}"),
    ("MEDICAL_LICENSE", "DEA certificate {BB1388568}"),
    *(("API_KEY", f"the key {{{key}}} leaked") for key in API_KEYS.values()),
    ("API_KEY", 'api_key="{' + HEX + '}"'),
    ("API_KEY", "Authorization: Bearer {" + HEX[::-1] + "}"),
    ("AWS_ACCESS_KEY", f"id {{{AWS_ID}}}"),
    ("AWS_SECRET_KEY", f"AWS_SECRET_ACCESS_KEY={{{AWS_SECRET}}}"),
    ("JWT", f"cookie {{{JWT}}} set"),
    ("PRIVATE_KEY", f"here: {{{PEM}}}"),
    ("PASSWORD", "password: {hunter2!}"),
    ("PASSWORD", "my password is {Sommer2024}!"),
    ("PASSWORD", "Passwort: {geheim99}"),
    ("PASSWORD", "postgres://admin:{s3cr3t}@db.example/x"),
]

NOT_FOUND = [
    "Your order number is 4829301122 and it ships tomorrow.",
    "Version 2.14.3 fixes issue 88213; see build 20240518.1200, driver version 1.2.3.4.",
    "ISBN 978-3-16-148410-0 was reprinted in 2019.",
    "The meeting is on 12-05-2024 at 10:30, room 4, or 2024-05-06 12:33:45.",
    "UUID 123e4567-e89b-12d3-a456-426614174000",
    "Error code 0x80070057 occurred at 2024-05-18T12:34:56Z on 127.0.0.1",
    "The iPhone 15 Pro Max costs 1,199.00 USD.",
    "Reset my password please, I forgot it. The password is incorrect; password required.",
    "password: ******** and password: <PASSWORD>",
    "password: <your password here>",
    "What is a sort code and why do I need one?",
    "The token limit is 4096 tokens per request.",
    "Tracking number 1Z999AA10123456784, invoice 2125551234",
    "Bitte senden Sie mir die Unterlagen zur Police 88-221-554.",
    "Je voudrais résilier mon contrat numéro 88221554.",
    "Guten Tag, ich habe meine Karte verloren. Wie kann ich sie sperren?",
    "CUSTOMER SERVICE IS CLOSED TODAY",
    "SELECT * FROM accounts WHERE id = 12345678;",
    "timestamp 1716035696 epoch 1716035696123",
    "git commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "My policy number is 55667788.",
    "The product name: Galaxy is no person.",
    '{"name": "Blue Running Shoes", "sku": "KUV-6368-PM", "price": "17.90"}',
    "Le docteur est absent. Docteur Account",
    "May Day is a holiday, Boxing Day is not a person.",
    "Hello there! Hi Everyone, Dear Customer, Dear Sir or Madam,",
    "card 4111 1111 1111 1112",  # Luhn
    "pay GB83 WEST 1234 5698 7654 32",  # mod 97
    "steuerlich 86 095 742 718",
    "numéro 1 85 05 78 006 084 92",
    "my pps is 1234567GA",
    "bsn 111222334",
    "the number 111222333 stands alone",
]


@pytest.mark.parametrize(("entity", "marked"), FOUND)
def test_a_value_is_found_exactly(default: Detector, entity: str, marked: str) -> None:
    """The braces mark what must be reported; JSON's own braces come first and last."""
    opening = marked.index("{", 1 if marked.startswith('{"') else 0)
    closing = marked.index("}", opening)
    text = marked[:opening] + marked[opening + 1 : closing] + marked[closing + 1 :]
    value = marked[opening + 1 : closing]
    found = [(s.entity, text[s.start : s.end]) for s in default.detect(text)]
    assert (entity, value) in found


@pytest.mark.parametrize("text", NOT_FOUND)
def test_harmless_text_stays(default: Detector, text: str) -> None:
    """Order numbers, versions, dates, prose and values with wrong check digits are left alone."""
    assert default.mask(text) == text


def test_every_entity_of_the_default_profile_has_an_example() -> None:
    """A new entity needs an example above."""
    assert {entity for entity, _ in FOUND} == PROFILES["default"].entities


def test_a_truncated_private_key_is_masked(default: Detector) -> None:
    """The first lines of a key are secret even when the end is missing."""
    assert default.mask("key: " + PEM[:45]) == "key: <PRIVATE_KEY>"


def test_a_name_beside_an_account_keeps_its_own_mask(default: Detector) -> None:
    """What the model took for one name is divided between the name and the number."""
    masked = default.mask("Beneficiary Anna Schmidt DE89370400440532013000")
    assert masked == "Beneficiary <PERSON> <IBAN_CODE>"
