//! A client and a service with a context between them.

use crate::kerberos::{Files, HOST, SERVICE};
use anysocks_gssapi::{Context, Credentials, Flags, Name, ServiceKeys, Source};

pub(crate) struct Pair {
    pub(crate) client: Context,
    pub(crate) service: Context,
}

impl Pair {
    pub(crate) fn new(files: &Files, flags: Flags) -> Self {
        let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
        Self::between(&credentials, &service(SERVICE), files, flags)
    }

    pub(crate) fn between(credentials: &Credentials, target: &Name, files: &Files, flags: Flags) -> Self {
        let (mut client, first) = Context::initiate(credentials, target, flags).unwrap();
        let keys = ServiceKeys::from_keytab(&files.service_keytab()).unwrap();
        let mut service = Context::accept(&keys).unwrap();
        if let Some(answer) = service.step(&first).unwrap() {
            assert_eq!(client.step(&answer).unwrap(), None);
        }
        assert!(client.is_complete() && service.is_complete());
        Self { client, service }
    }

    /// Sends one message each way.
    pub(crate) fn talk(&mut self) {
        let Self { client, service } = self;
        say(client, service);
        say(service, client);
    }
}

fn say(from: &mut Context, to: &mut Context) {
    let (mut token, mut plain) = (Vec::new(), Vec::new());
    assert!(from.wrap(true, b"a message", &mut token).unwrap());
    assert!(to.unwrap(&token, &mut plain).unwrap().confidential);
    assert_eq!(plain, b"a message");
}

/// The name of a service on this host.
pub(crate) fn service(name: &str) -> Name {
    Name::service(&format!("{name}@{HOST}")).unwrap()
}
