"""Signs a user in as an app in Python does: with Authlib, which finds all it needs by the issuer.

Reads one step as JSON and prints what came of it, or the error of the protocol; exits with 1 for any other error.
The steps are begin, finish, refresh and userinfo; each knows the app by issuer, client_id, client_secret, redirect_uri and scope.
"""

import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url


class App(OAuth2Mixin, OpenIDMixin, BaseApp):
    """What Authlib's apps for Flask, Django and Starlette are made of, without a framework."""

    client_cls = OAuth2Session

    def _on_update_token(self, token, refresh_token=None, access_token=None):
        """The tests keep the tokens."""


def open_app(step: dict) -> App:
    app = App(
        framework=None,
        client_id=step["client_id"],
        client_secret=step["client_secret"],
        server_metadata_url=get_well_known_url(step["issuer"], external=True),
        client_kwargs={"scope": step["scope"], "code_challenge_method": "S256"},
    )
    metadata = app.load_server_metadata()
    if metadata["issuer"] != step["issuer"]:
        raise ValueError(f"another issuer: {metadata['issuer']}")
    # The portal under test has no TLS.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    OpenIDProviderMetadata(metadata).validate()
    return app


def begin(app: App, step: dict) -> dict:
    begun = app.create_authorization_url(step["redirect_uri"], **step["parameters"])
    return {
        "url": begun["url"],
        "state": begun["state"],
        "nonce": begun["nonce"],
        "verifier": begun["code_verifier"],
    }


def finish(app: App, step: dict) -> dict:
    answer = {name: values[0] for name, values in parse_qs(urlsplit(step["callback"]).query).items()}
    if answer["state"] != step["state"] or answer["iss"] != step["issuer"]:
        raise ValueError("an answer to another request")
    if "error" in answer:
        raise OAuthError(answer["error"], answer.get("error_description"))
    token = app.fetch_access_token(
        redirect_uri=step["redirect_uri"], code=answer["code"], code_verifier=step["verifier"]
    )
    return with_claims(app, token, step["nonce"])


def refresh(app: App, step: dict) -> dict:
    metadata = app.load_server_metadata()
    with app._get_oauth_client(**metadata) as client:
        token = client.refresh_token(metadata["token_endpoint"], refresh_token=step["refresh_token"])
    return with_claims(app, token, None)


def userinfo(app: App, step: dict) -> dict:
    return dict(app.userinfo(token={"access_token": step["access_token"], "token_type": "Bearer"}))


def with_claims(app: App, token: dict, nonce: str | None) -> dict:
    """Verifies the ID token by the published keys."""
    return {**token, "claims": dict(app.parse_id_token(token, nonce))}


STEPS = {"begin": begin, "finish": finish, "refresh": refresh, "userinfo": userinfo}


def main() -> int:
    step = json.load(sys.stdin)
    try:
        answer = STEPS[step["step"]](open_app(step), step)
    except OAuthError as error:
        answer = {"error": error.error, "error_description": error.description}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
