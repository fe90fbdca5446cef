//! `better-socks`, a fork of `tokio-socks`.

super::tokio_socks::fork!(better_socks, "better-socks 0.1.2");
