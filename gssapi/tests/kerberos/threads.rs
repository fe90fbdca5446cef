//! Contexts and errors on several threads.

use crate::Check;
use crate::kerberos::{Files, REALM, SERVICE};
use crate::pair::{Pair, service};
use anysocks_gssapi::{Context, Credentials, Error, ErrorKind, Flags, Name, ServiceKeys, Source};
use std::sync::{Barrier, Mutex};
use std::thread;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("threads::two_directions_of_one_context", two_directions_of_one_context),
    ("threads::contexts_at_once_by_the_same_credentials", at_once),
    ("threads::an_error_keeps_the_text_of_its_own_thread", errors),
];

const _: () = {
    const fn send<T: Send>() {}
    const fn send_and_sync<T: Send + Sync>() {}
    send::<Context>();
    send_and_sync::<Credentials>();
    send_and_sync::<ServiceKeys>();
    send_and_sync::<Name>();
    send_and_sync::<Source>();
    send_and_sync::<Error>();
};

const MESSAGES: usize = 300;

fn two_directions_of_one_context(files: &Files) {
    let Pair { client, service } = Pair::new(files, Flags::default());
    let (client, service) = (&Mutex::new(client), &Mutex::new(service));
    let send = |from: &Mutex<Context>, to: &Mutex<Context>| {
        for n in 0..MESSAGES {
            let (mut token, mut plain) = (Vec::new(), Vec::new());
            from.lock().unwrap().wrap(true, &n.to_le_bytes(), &mut token).unwrap();
            to.lock().unwrap().unwrap(&token, &mut plain).unwrap();
            assert_eq!(plain, n.to_le_bytes());
        }
    };
    thread::scope(|scope| {
        scope.spawn(move || send(client, service));
        scope.spawn(move || send(service, client));
    });
}

fn at_once(files: &Files) {
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let name = service(SERVICE);
    let pairs: Vec<Pair> = thread::scope(|scope| {
        let work = || Pair::between(&credentials, &name, files, Flags::default());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // Made on other threads, used on this one.
    for mut pair in pairs {
        pair.talk();
    }
}

fn errors(files: &Files) {
    let credentials = Credentials::acquire(&Source::cache(files.user_cache())).unwrap();
    let both_failed = Barrier::new(2);
    let fail = |name: &str| {
        let result = Context::initiate(&credentials, &service(name), Flags::default());
        both_failed.wait();
        result.unwrap_err()
    };
    let (one, two) = thread::scope(|scope| {
        let fail = &fail;
        let threads = [scope.spawn(move || fail("first")), scope.spawn(move || fail("second"))];
        let [one, two] = threads.map(|thread| thread.join().unwrap());
        (one, two)
    });
    for (error, name) in [(one, "first"), (two, "second")] {
        assert_eq!(error.kind(), ErrorKind::UnknownService);
        let principal = format!("{name}/localhost@{REALM}");
        assert!(error.to_string().contains(&principal), "{error}");
    }
}
