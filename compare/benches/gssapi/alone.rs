//! The calls of the library, without a stream.

use crate::flow::{Direction, Plan, Way};
use crate::kerberos::{Files, HOST, SERVICE};
use anysocks_gssapi::{Context, Credentials, Flags, Name, ServiceKeys, Source};
use std::io::Result;

pub(crate) struct Alone {
    plan: Plan,
    client: Context,
    service: Context,
    /// The tokens of a portion for the client, one behind the other, and where each ends.
    tokens: Vec<u8>,
    ends: Vec<usize>,
    output: Vec<u8>,
}

impl Alone {
    pub(crate) fn new(files: &Files, plan: Plan) -> Result<Self> {
        let credentials = Credentials::acquire(&Source::cache(files.user_cache()))?;
        let name = Name::service(&format!("{SERVICE}@{HOST}"))?;
        let (mut client, token) = Context::initiate(&credentials, &name, Flags::default())?;
        let mut service = Context::accept(&ServiceKeys::from_keytab(&files.service_keytab())?)?;
        if let Some(token) = service.step(&token)? {
            client.step(&token)?;
        }
        Ok(Self { plan, client, service, tokens: Vec::new(), ends: Vec::new(), output: Vec::new() })
    }
}

impl Way for Alone {
    fn before(&mut self) -> Result<()> {
        self.tokens.clear();
        self.ends.clear();
        if self.plan.direction == Direction::Read {
            for content in self.plan.contents() {
                self.service.wrap(self.plan.is_confidential(), content, &mut self.tokens)?;
                self.ends.push(self.tokens.len());
            }
        }
        Ok(())
    }

    fn move_portion(&mut self) -> Result<()> {
        if self.plan.direction == Direction::Write {
            for content in self.plan.contents() {
                self.output.clear();
                self.client.wrap(self.plan.is_confidential(), content, &mut self.output)?;
            }
        }
        let mut start = 0;
        for end in &self.ends {
            self.output.clear();
            self.client.unwrap(&self.tokens[start..*end], &mut self.output)?;
            start = *end;
        }
        Ok(())
    }

    fn after(&mut self) -> Result<()> {
        Ok(())
    }
}
