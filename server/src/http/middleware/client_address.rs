use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use vestibule_web::{ClientAddress, TrustedProxies};

/// Decides once where the request comes from.
pub async fn find_client_address(
    State(proxies): State<TrustedProxies>,
    mut request: Request,
) -> Request {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let client = proxies.client_address(peer, request.headers());
    request.extensions_mut().insert(ClientAddress(client));
    request
}
