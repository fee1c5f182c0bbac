/// A private key of RSA in PKCS#8, which signs nothing but tests: making one takes a second.
pub const FAKE_RSA_KEY: &[u8] = include_bytes!("../data/fake-rsa-key.pk8");
