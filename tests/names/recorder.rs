//! A name server that records its queries. It has one address for all names: that of this machine.

use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Packet, QTYPE, ResourceRecord, SimpleDnsError, TYPE};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The names of the queries and requests.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<BTreeSet<String>>>);

impl Names {
    pub(crate) fn add(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.trim_end_matches('.').to_ascii_lowercase());
    }

    pub(crate) fn all(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) struct NameServer {
    pub(crate) ip: IpAddr,
    pub(crate) asked: Names,
}

impl NameServer {
    /// Its port is that of name servers, so its address is otherwise unused.
    pub(crate) fn start() -> io::Result<Self> {
        let [.., high, low] = process::id().to_be_bytes();
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 54, high, low.max(1)), 53))?;
        let (ip, asked) = (socket.local_addr()?.ip(), Names::default());
        let names = asked.clone();
        thread::spawn(move || {
            let mut query = [0; 1500];
            while let Ok((n, from)) = socket.recv_from(&mut query) {
                if let Ok(answer) = answer(&query[..n], &names) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Ok(Self { ip, asked })
    }
}

fn answer(query: &[u8], names: &Names) -> Result<Vec<u8>, SimpleDnsError> {
    let mut answer = Packet::parse(query)?.into_reply();
    for asked in &answer.questions {
        names.add(&asked.qname.to_string());
        if asked.qtype == QTYPE::TYPE(TYPE::A) {
            let here = RData::A(A { address: Ipv4Addr::LOCALHOST.into() });
            answer.answers.push(ResourceRecord::new(asked.qname.clone(), CLASS::IN, 60, here));
        }
    }
    answer.build_bytes_vec_compressed()
}
