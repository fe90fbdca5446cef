//! The sections after the options, in the help texts and in the manual pages.

use clap::Command;

/// The width of the help texts, so that no common terminal wraps their lines.
const WIDTH: usize = 80;

pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) paragraphs: Vec<Paragraph>,
}

pub(crate) enum Paragraph {
    /// Lines that stay as they are.
    Code(String),
    Text(&'static str),
    /// Terms, and what each of them means.
    Items(Vec<(&'static str, &'static str)>),
}

/// Returns the sections of a command, whose help ends with its examples.
pub(crate) fn sections(command: &Command) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(examples) = command.get_after_long_help() {
        let examples = vec![Paragraph::Code(examples.to_string())];
        sections.push(Section { title: "Examples", paragraphs: examples });
    }
    let name = command.get_name();
    if name != "man" && name != "completions" {
        sections.extend([urls(), section("Passwords", PASSWORDS)]);
        if let Some(text) = environment(name) {
            let paragraphs = vec![Paragraph::Text(ENVIRONMENT), Paragraph::Text(text)];
            sections.push(Section { title: "Environment", paragraphs });
        }
        sections.push(exit_status(name));
    }
    sections
}

/// Returns the sections as a part of a help text.
pub(crate) fn text(sections: &[Section]) -> String {
    let texts: Vec<_> = sections.iter().map(Section::text).collect();
    texts.join("\n\n")
}

impl Section {
    fn text(&self) -> String {
        let paragraphs: Vec<_> =
            self.paragraphs.iter().map(|paragraph| paragraph.lines().join("\n")).collect();
        format!("{}:\n{}", self.title, paragraphs.join("\n\n"))
    }
}

impl Paragraph {
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Code(lines) => lines.lines().map(|line| format!("  {line}")).collect(),
            Self::Text(text) => wrapped("", 0, text),
            Self::Items(items) => {
                let width = items.iter().map(|(term, _)| term.len()).max().unwrap_or_default() + 2;
                items.iter().flat_map(|(term, text)| wrapped(term, width, text)).collect()
            }
        }
    }
}

/// Returns a term, and a text in lines at its right side.
fn wrapped(term: &str, width: usize, text: &str) -> Vec<String> {
    let (mut lines, mut line, mut is_empty) = (Vec::new(), format!("  {term:width$}"), true);
    for word in text.split_whitespace() {
        if !is_empty && line.len() + 1 + word.len() > WIDTH {
            lines.push(line);
            (line, is_empty) = (format!("  {:width$}", ""), true);
        }
        line += if is_empty { "" } else { " " };
        line += word;
        is_empty = false;
    }
    lines.push(line);
    lines
}

fn section(title: &'static str, text: &'static str) -> Section {
    Section { title, paragraphs: vec![Paragraph::Text(text)] }
}

fn urls() -> Section {
    let paragraphs = vec![
        Paragraph::Items(vec![
            ("socks5h://HOST:PORT", "SOCKS5; the proxy resolves the names of targets"),
            ("socks5://HOST:PORT", "SOCKS5; this machine resolves them"),
            ("socks4a://HOST:PORT", "SOCKS4a; the proxy resolves them"),
            ("socks4://HOST:PORT", "SOCKS4; this machine resolves them"),
            ("socks5h://USER:PASSWORD@HOST", "the same with a password, at port 1080"),
            ("socks5h+tls://HOST:PORT", "the same behind TLS"),
            ("socks5h+unix:///PATH", "the same at a Unix-domain socket"),
        ]),
        Paragraph::Text(
            "In a user name and a password, % # / ? and , are percent-encoded. Options follow after ? and \
             are separated by &, such as ?timeout=5&family=ipv4:",
        ),
        Paragraph::Items(vec![
            ("auth=gssapi", "authenticate with Kerberos"),
            ("level=LEVEL", "of GSS-API: confidentiality (the default) or integrity"),
            ("service=NAME", "of GSS-API: the service, which is rcmd at the proxy's host by default"),
            ("timeout=SECONDS", "the time limit of connection and handshake, or none"),
            ("keepalive=SECONDS", "the silence after which the system probes the connection, or none"),
            ("nodelay=on|off", "whether small writes are sent at once"),
            ("local=IP", "the local address, with or without a port"),
            ("interface=NAME", "the network interface"),
            ("mark=NUMBER", "the mark of the sockets"),
            ("family=FAMILY", "the proxy's addresses: ipv4, ipv6, ipv4-first or ipv6-first"),
            (
                "relay=RELAY",
                "of udp: where the relay is: told (as the reply names it), proxy (at the proxy) or as-is",
            ),
        ]),
    ];
    Section { title: "Proxy URLs", paragraphs }
}

const PASSWORDS: &str = "All users of a machine can see command lines. Keep a URL with a password in a file, \
    and pass --proxy-file, or in the environment.";

const ENVIRONMENT: &str = "Without a proxy on the command line, the first of these variables that is set names \
    it: socks_proxy, SOCKS_PROXY, all_proxy, ALL_PROXY; otherwise the first of https_proxy, HTTPS_PROXY and \
    http_proxy that is a SOCKS URL. Connections to the targets in no_proxy or NO_PROXY are direct.";

/// Returns what a command does if no proxy is set.
fn environment(command: &str) -> Option<&'static str> {
    match command {
        "probe" => None,
        "connect" | "forward" => Some("If no proxy is set, all connections are direct."),
        "resolve" => Some("If no proxy is set, this machine resolves names, and a lookup by address fails."),
        "listen" | "udp" => Some("If no proxy is set, the command fails."),
        _ => Some(
            "If no proxy is set, connections are direct, this machine resolves names, and listen, udp and \
             lookups by address fail.",
        ),
    }
}

fn exit_status(command: &str) -> Section {
    let mut paragraphs = vec![Paragraph::Items(statuses(command))];
    let forward = "After SIGHUP, SIGINT or SIGTERM, forward returns 128 and the number of the signal. A failed \
        connection is printed, and does not end it.";
    let probe = "probe returns 0 if the proxy speaks SOCKS, also if it refuses all requests.";
    match command {
        "forward" => paragraphs.push(Paragraph::Text(forward)),
        "anysocks" => paragraphs.extend([forward, probe].map(Paragraph::Text)),
        _ => {}
    }
    Section { title: "Exit status", paragraphs }
}

fn statuses(command: &str) -> Vec<(&'static str, &'static str)> {
    match command {
        "forward" => {
            return vec![
                ("1", "the socket of --listen failed, such as at a used port, or the URL can't be printed"),
                ("2", MISTAKE),
            ];
        }
        "probe" => {
            return vec![
                ("0", "the proxy speaks SOCKS, also if it refuses all requests"),
                ("1", "the report can't be printed, or this machine can't run the server that is the target"),
                (
                    "2",
                    "a mistake in the arguments or the URL, a file of an option that can't be read, or no \
                       trusted certificates on this system; nothing was sent",
                ),
                ("3", UNREACHABLE),
                ("6", "the connection to the proxy timed out"),
                ("7", "the proxy does not speak SOCKS"),
            ];
        }
        _ => {}
    }
    let io = match command {
        "anysocks" | "udp" => {
            "the connection failed after it was established, or a local file, a pipe or the socket of \
             --listen failed, such as at a used port; without a message, the reader has closed the standard \
             output"
        }
        _ => {
            "the connection failed after it was established, or a local file or a pipe failed; without a \
             message, the reader has closed the standard output"
        }
    };
    let unreachable = match command {
        "listen" | "udp" => UNREACHABLE,
        "resolve" => {
            "the proxy could not be reached, the TLS handshake with it failed, such as by a certificate that \
             is not trusted, or this machine can't resolve the name"
        }
        _ => {
            "the proxy, or the target of a direct connection, could not be reached, or the TLS handshake \
             with the proxy failed, such as by a certificate that is not trusted"
        }
    };
    vec![
        ("0", "success"),
        ("1", io),
        (
            "2",
            "a mistake in the arguments, a URL or the environment, a file of an option that can't be read, \
               no trusted certificates on this system, or no credentials for a METHOD, such as no Kerberos \
               ticket; nothing was sent",
        ),
        ("3", unreachable),
        ("4", "the proxy refused the client: its password, or all METHODs; or the METHOD failed"),
        ("5", "the proxy refused the request"),
        ("6", "the timeout passed"),
        ("7", "the answer was not one of a SOCKS proxy, or the proxy closed the connection"),
    ]
}

const MISTAKE: &str = "a mistake in the arguments, a URL or the environment, a file of an option that can't be \
    read, or no trusted certificates on this system; nothing was sent";

const UNREACHABLE: &str = "the proxy could not be reached, or the TLS handshake with it failed, such as by a \
    certificate that is not trusted";
