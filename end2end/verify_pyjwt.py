"""Verifies an access token as a downstream service in Python does: with PyJWT and nothing but the JWKS.

Usage: verify_pyjwt.py JWKS_URL ISSUER AUDIENCE < token
Prints the claims as JSON, or the error and exits with 1.
"""

import json
import sys

import jwt


def claims(token: str, jwks_url: str, issuer: str, audience: str) -> dict:
    key = jwt.PyJWKClient(jwks_url).get_signing_key_from_jwt(token)
    decoded = jwt.decode_complete(
        token,
        key,
        algorithms=["EdDSA"],
        issuer=issuer,
        audience=audience,
        options={"require": ["iss", "aud", "sub", "iat", "nbf", "exp", "jti"]},
    )
    if decoded["header"].get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("the token is no access token")
    return decoded["payload"]


def main() -> int:
    try:
        print(json.dumps(claims(sys.stdin.read().strip(), *sys.argv[1:4])))
    except jwt.PyJWTError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
