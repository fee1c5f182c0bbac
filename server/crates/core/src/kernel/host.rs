//! What a host in a URL means.

use std::net::IpAddr;

/// Whether a host is this machine, by its name or by an address of it (IPv6 with or without
/// brackets): what is sent there needs no encryption.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
