"""Who a visitor is, by a token that the site's server signed: a JWT under HS256 and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ses.clock import Clock
from ses.errors import SesError

ALGORITHM = "HS256"
LONGEST = 86_400.0
"""Seconds that a token may be good for yet: whoever copies one has it no longer than a day."""
LEEWAY = 60.0
"""Seconds by which the clocks of the two servers may differ."""


class Unidentified(SesError):
    """A token that says nothing to be relied on. The message tells why, and nothing of the token."""


class Person(NamedTuple):
    user: str
    """`web.site:42`: the token's `sub`, in this connector's name."""
    variables: Mapping[str, Any]
    """What the site's server says of him, for the robot's variables of these names."""


class Identity:
    """Checks the tokens of one site."""

    def __init__(self, connector: str, secret: str, clock: Clock) -> None:
        import jwt.exceptions  # only sites that sign pay for it

        self._jwt = jwt
        self._connector = connector
        self._secret = secret
        self._clock = clock

    def person(self, token: str) -> Person:
        """Raises `Unidentified`."""
        claims = self._claims(token)
        if claims["exp"] - self._clock.now() > LONGEST + LEEWAY:
            raise Unidentified("The token's `exp` may be 24 hours from now at most")
        audience = claims.get("aud", self._connector)
        if self._connector not in (audience if isinstance(audience, list) else [audience]):
            raise Unidentified(f"The token's `aud` is not `{self._connector}`")
        name = claims["sub"]
        if not 0 < len(name) <= 128 or not name.isprintable():
            raise Unidentified("The token's `sub` must have 1 to 128 characters that can be printed")
        variables = claims.get("variables", {})
        if not isinstance(variables, dict):
            raise Unidentified("The token's `variables` must be an object")
        return Person(f"{self._connector}:{name}", variables)

    def _claims(self, token: str) -> dict[str, Any]:
        jwt = self._jwt
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                leeway=LEEWAY,
                options={"require": ["sub", "iat", "exp"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            why = "has expired"
        except jwt.InvalidSignatureError:
            why = f"is not signed with the secret of `connectors.{self._connector}.identity`"
        except jwt.MissingRequiredClaimError as error:
            why = f"has no `{error.claim}`"
        except jwt.ImmatureSignatureError:
            why = "is not good yet: compare the clocks of both servers"
        except jwt.exceptions.InvalidSubjectError:
            why = "must name the visitor in `sub` as a text"
        except jwt.InvalidAlgorithmError:
            why = f"must be signed with {ALGORITHM}"
        except (jwt.InvalidTokenError, ValueError, OverflowError, RecursionError):
            why = "is no JWT that can be read"
        else:
            return claims
        raise Unidentified(f"The token {why}")
