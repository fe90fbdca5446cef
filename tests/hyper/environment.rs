//! Which variables count for which URI: this program, once more, with other ones.

use crate::messages::Speaks;
use crate::scene::saying;
use crate::support::child;
use anysocks::tokio::Connector;
use std::env;
use tokio::io::AsyncReadExt;
use tower_service::Service;

/// The variables that set the child's URI, and the response that it reads.
const ASKED: &str = "ANYSOCKS_HYPER_URI";
const EXPECTED: &str = "ANYSOCKS_HYPER_EXPECTED";

async fn word(mut connector: impl Service<http::Uri, Response: AsRead, Error: std::fmt::Debug>) -> String {
    let uri = env::var(ASKED).expect("a URI").parse().expect("a URI");
    let mut word = String::new();
    let stream = connector.call(uri).await.expect("a connection");
    stream.read().read_to_string(&mut word).await.expect("a word and the end");
    word
}

/// What hyper reads is what tokio reads, in another trait.
trait AsRead {
    fn read(self) -> impl tokio::io::AsyncRead + Unpin;
}

impl<S: tokio::io::AsyncRead + Unpin> AsRead for hyper_util::rt::TokioIo<S> {
    fn read(self) -> impl tokio::io::AsyncRead + Unpin {
        self.into_inner()
    }
}

#[tokio::test]
async fn each_scheme_has_its_own() {
    if let Ok(expected) = env::var(EXPECTED) {
        let connector = || Connector::from_env().expect("a way");
        assert_eq!(word(connector()).await, expected);
        // What wraps nothing here.
        let wrapped = connector().wrapped(|stream, _| std::future::ready(Ok(stream)));
        assert_eq!(word(wrapped).await, expected);
        return;
    }
    let target = saying(vec![], "target");
    let at = |word| format!("socks5h://{}", saying(Speaks::Socks5.connection(&target.to_string()), word));
    let (one, two) = (&*at("one"), &*at("two"));
    let http = "http://proxy.example:3128";
    let rows: &[(&[(&str, &str)], _, _)] = &[
        (&[("https_proxy", one), ("http_proxy", two)], "one", "two"),
        (&[("HTTPS_PROXY", one), ("http_proxy", two)], "one", "two"),
        (&[("https_proxy", one), ("HTTPS_PROXY", two)], "one", "target"),
        (&[("http_proxy", two)], "target", "two"),
        (&[("https_proxy", http), ("http_proxy", two)], "target", "two"),
        (&[("https_proxy", one), ("http_proxy", http)], "one", "target"),
        (&[("ALL_PROXY", one), ("https_proxy", two), ("http_proxy", two)], "one", "one"),
        (&[("https_proxy", one), ("http_proxy", two), ("no_proxy", "127.0.0.1")], "target", "target"),
        (&[], "target", "target"),
    ];
    for (variables, https, http) in rows {
        for (scheme, expected) in
            [("https", https), ("wss", https), ("HTTPS", https), ("http", http), ("ws", http)]
        {
            let asked = format!("{scheme}://{target}/");
            let own = [(ASKED, &*asked), (EXPECTED, *expected)];
            child::run("environment::each_scheme_has_its_own", &[&own, *variables].concat());
        }
    }
    // A target without a scheme goes where a plain connector's do.
    let asked = target.to_string();
    let own = [(ASKED, &*asked), (EXPECTED, "one"), ("https_proxy", one), ("http_proxy", two)];
    child::run("environment::each_scheme_has_its_own", &own);
}
