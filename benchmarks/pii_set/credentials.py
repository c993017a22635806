# ruff: noqa: ARG002 - every maker takes the language, most need none
"""Keys, tokens and passwords that open nothing."""

from __future__ import annotations

import base64

from .chance import LETTERS, Chance

__all__ = ["Credentials"]


class Credentials(Chance):
    """Makes secrets."""

    def _api_key(self, language: str) -> str:
        return self.random.choice(
            (
                "sk" + "-" + self.of(LETTERS, 40),
                "sk_" + "live_" + self.of(LETTERS, 24),
                "gh" + "p_" + self.of(LETTERS, 36),
                "xox" + "b-" + self.digits(11) + "-" + self.of(LETTERS, 20),
                "AIz" + "a" + self.of(LETTERS, 35),
                "glpat" + "-" + self.of(LETTERS, 20),
            )
        )

    def _aws_access_key(self, language: str) -> str:
        return "AK" + "IA" + self.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)

    def _aws_secret_key(self, language: str) -> str:
        return "a" + self.digits(1) + "Z" + self.of(LETTERS + "/+", 37)

    def _jwt(self, language: str) -> str:
        def part(text: str) -> str:
            return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

        body = part(f'{{"sub":"{self.digits(8)}","iat":{self.digits(10)}}}')
        header = part('{"alg":"HS256","typ":"JWT"}')
        return f"{header}.{body}.{self.of(LETTERS, 43)}"

    def _private_key(self, language: str) -> str:
        lines = "\n".join(self.of(LETTERS + "+/", 64) for _ in range(4))
        return f"-----BEGIN {'RSA '}PRIVATE KEY-----\n{lines}\n-----END {'RSA '}PRIVATE KEY-----"

    def _password(self, language: str) -> str:
        word = self.faker("en").last_name().replace("'", "").replace(" ", "")
        return self.choice(
            (
                f"{word}{self.digits(2)}!",
                f"{word.lower()}_{self.digits(4)}",
                self.of(LETTERS, 9) + "#" + self.digits(2),
            )
        )
