//! hyper's client, with a connector below its TLS.

use std::collections::HashSet;
use std::error::Error;
use std::iter::successors;

use anysocks::hyper::BoundAddr;
use anysocks::tokio::Connector;
use anysocks::{Proxy, Stage, Target};
use http::{Uri, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::capabilities::{Capabilities, Failure, Lookups, Place};
use crate::expectation::{check_bound, check_failure};
use crate::fronts::{Front, in_tokio};
use crate::setting::Setting;
use crate::tls::trusting;
use crate::tornet;
use crate::web::{HTTP_1, HTTP_2, Web};

type Failed = Box<dyn Error + Send + Sync>;

type Browser = Client<HttpsConnector<Connector>, Empty<Bytes>>;

pub(crate) struct Browsing {
    pub(crate) name: &'static str,
    act: fn(&Setting<'_>) -> Result<(), Failed>,
    needs: fn(&Capabilities) -> bool,
}

pub(crate) const CASES: [Browsing; 4] = [
    Browsing {
        name: "http1",
        act: |setting| browse(setting, HTTP_1, Version::HTTP_11),
        needs: |server| server.name.is_ok(),
    },
    Browsing {
        name: "http2",
        act: |setting| browse(setting, HTTP_2, Version::HTTP_2),
        needs: |server| server.name.is_ok(),
    },
    Browsing {
        name: "http_refused",
        act: be_refused,
        needs: |server| server.refused != Failure::AfterSuccess,
    },
    Browsing { name: "http_isolated", act: isolated, needs: |server| server.lookups == Lookups::Tor },
];

impl Browsing {
    /// It is a matter of tokio alone.
    pub(crate) fn applies(&self, server: &Capabilities, place: Place, front: &Front) -> bool {
        front.name == "tokio" && place == Place::V4 && (self.needs)(server)
    }

    pub(crate) fn play(&self, setting: &Setting<'_>) -> Result<(), String> {
        (self.act)(setting).map_err(|error| {
            let causes: Vec<_> = causes(&*error).map(|cause| format!("{cause:?}: {cause}")).collect();
            causes.join("\n")
        })
    }
}

const PATHS: [&str; 3] = ["/", "/once/more", "/and/again"];

/// A client uses its connections again.
fn browse(setting: &Setting<'_>, protocol: &'static [u8], version: Version) -> Result<(), Failed> {
    let web = Web::start(protocol)?;
    let (proxy, _) = setting.socks5()?;
    let browser = browser(proxy, &web)?;
    let host = setting.capabilities.loopback_name;
    let mut connections = HashSet::new();
    for path in PATHS {
        let (page, bound) = get(&browser, &url(host, web.port, path)?, version)?;
        match page.split_once(' ') {
            Some((connection, heard)) if heard == path => connections.insert(connection.to_owned()),
            _ => return Err(format!("{path} was answered with {page}").into()),
        };
        let target = Target::try_from((host, web.port))?;
        check_bound(setting.capabilities.bound, &bound.0, &target, setting.address())?;
    }
    // With HTTP/1.1 the client may have opened another connection before it knew that the first is
    // free again.
    let enough = if version == Version::HTTP_2 { 1 } else { PATHS.len() - 1 };
    if connections.len() <= enough {
        Ok(())
    } else {
        Err(format!("{} connections for {} requests", connections.len(), PATHS.len()).into())
    }
}

/// A client gets a page through this proxy.
pub(crate) fn get_by(proxy: Proxy) -> Result<(), Failed> {
    let web = Web::start(HTTP_2)?;
    let url = url("127.0.0.1", web.port, "/page")?;
    match get(&browser(proxy, &web)?, &url, Version::HTTP_2)? {
        (page, _) if page == "0 /page" => Ok(()),
        (page, _) => Err(format!("/page was answered with {page}").into()),
    }
}

/// The proxy's reply is the last source of the client's error.
fn be_refused(setting: &Setting<'_>) -> Result<(), Failed> {
    let web = Web::start(HTTP_1)?;
    let (proxy, _) = setting.socks5()?;
    let url = url("127.0.0.1", setting.lab.destinations()?.closed, "/")?;
    let error = match get(&browser(proxy, &web)?, &url, Version::HTTP_11) {
        Ok((heard, _)) => return Err(format!("a port where nobody listens has answered with {heard}").into()),
        Err(error) => error,
    };
    let told = causes(&*error).find_map(|cause| cause.downcast_ref());
    let told = told.ok_or_else(|| format!("not of the proxy: {error:?}"))?;
    Ok(check_failure(setting.capabilities.refused, told, Stage::Request)?)
}

/// The error, what has caused it, and what that.
fn causes<'a>(
    error: &'a (dyn Error + Send + Sync + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error as &(dyn Error + 'static)), |&error| error.source())
}

/// Clients with tokens of their own use circuits of their own.
fn isolated(setting: &Setting<'_>) -> Result<(), Failed> {
    let web = Web::start(HTTP_2)?;
    let browsers = ["hyper alice", "hyper bob"]
        .map(|token| browser(Proxy::socks5(setting.endpoint())?.isolated(token)?, &web));
    let browsers = browsers.into_iter().collect::<Result<Vec<_>, _>>()?;
    for browser in &browsers {
        get(browser, &url(tornet::NAME, web.port, "/")?, Version::HTTP_2)?;
    }
    let circuits = tornet::control(setting.running)?.circuits_to(web.port)?;
    match &*circuits {
        [one, other] if one != other => Ok(()),
        _ => Err(format!("two clients, and these circuits: {circuits:?}").into()),
    }
}

fn browser(proxy: Proxy, web: &Web) -> Result<Browser, Failed> {
    let trusting = trusting(&web.certificate)?;
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config((*trusting).clone())
        .https_only()
        .enable_all_versions()
        .wrap_connector(Connector::new(proxy));
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

fn url(host: &str, port: u16, path: &str) -> Result<Uri, http::uri::InvalidUri> {
    format!("https://{host}:{port}{path}").parse()
}

/// The page, and what the proxy has bound for it.
fn get(browser: &Browser, url: &Uri, version: Version) -> Result<(String, BoundAddr), Failed> {
    in_tokio(async {
        let response = browser.get(url.clone()).await?;
        if response.version() != version {
            return Err(format!("{:?} instead of {version:?}", response.version()).into());
        }
        let bound = response.extensions().get::<BoundAddr>().cloned().ok_or("no bound address")?;
        let page = response.into_body().collect().await?.to_bytes();
        Ok((String::from_utf8_lossy(&page).into_owned(), bound))
    })?
}
