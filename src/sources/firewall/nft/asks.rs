//! What a rule of nftables asks of a packet, and whether ours is that.

use serde_json::Value;

use super::super::ports::Fits;
use super::{Place, Ruleset};

impl<'a> Ruleset<'a> {
    /// Whether the packet is what a `match` asks for.
    pub(super) fn asks(&self, chain: &Place<'a>, body: &Value) -> Fits {
        let (left, right) = (&body["left"], &body["right"]);
        let op = body["op"].as_str().unwrap_or_default();
        let number = right.as_u64().filter(|_| is_port(left));
        let port = u64::from(self.packet.port());
        match (op, number) {
            ("==" | "in", _) => self.has(chain, left, right),
            ("!=", _) => self.has(chain, left, right).not(),
            ("<", Some(bound)) => (port < bound).into(),
            (">", Some(bound)) => (port > bound).into(),
            ("<=", Some(bound)) => (port <= bound).into(),
            (">=", Some(bound)) => (port >= bound).into(),
            _ => Fits::Maybe,
        }
    }

    /// The verdicts that a map may give.
    pub(super) fn answers(
        &self,
        chain: &Place<'a>,
        vmap: &'a Value,
    ) -> Vec<(Fits, &'a str, &'a Value)> {
        let data = &vmap["data"];
        let elements = match data.as_str().and_then(|name| name.strip_prefix('@')) {
            Some(name) => self.sets.get(&Place { name, ..*chain }).copied(),
            None => Some(&data["set"]),
        };
        elements
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|pair| {
                let fits = self.has(chain, &vmap["key"], &pair[0]);
                let (word, body) = pair[1].as_object()?.iter().next()?;
                Some((fits, word.as_str(), body))
            })
            .collect()
    }

    /// Whether the packet's `key` is `value`, or one of it.
    fn has(&self, chain: &Place<'a>, key: &Value, value: &Value) -> Fits {
        if let Some(name) = value.as_str().and_then(|name| name.strip_prefix('@')) {
            return match self.sets.get(&Place { name, ..*chain }) {
                Some(elements) if elements.is_array() => self.has(chain, key, elements),
                // An empty set has no elements at all.
                Some(_) => Fits::No,
                None => Fits::Maybe,
            };
        }
        let list = match value {
            Value::Array(list) => Some(list),
            value => value["set"].as_array().or(value["|"].as_array()),
        };
        if let Some(list) = list {
            let all = list.iter().map(|one| self.has(chain, key, one));
            return all.fold(Fits::No, |any, one| any.not().and(one.not()).not());
        }
        if let Some(inner) = value.get("elem") {
            return self.has(chain, key, &inner["val"]);
        }
        if let (Some(keys), Some(values)) = (key["concat"].as_array(), value["concat"].as_array()) {
            let parts = keys.iter().zip(values);
            return parts.fold(Fits::Yes, |all, (key, value)| {
                all.and(self.has(chain, key, value))
            });
        }
        let payload = &key["payload"];
        match (
            payload["protocol"].as_str(),
            payload["field"].as_str(),
            key["meta"]["key"].as_str(),
            key["ct"]["key"].as_str(),
        ) {
            (Some("tcp" | "th"), Some("dport"), ..) => self.is_port(value),
            // The packet has no such header.
            (Some("udp" | "udplite" | "sctp" | "dccp" | "icmp" | "icmpv6" | "esp" | "ah"), ..) => {
                Fits::No
            }
            (Some("ip"), Some("protocol"), ..)
            | (Some("ip6"), Some("nexthdr"), ..)
            | (_, _, Some("l4proto"), _) => match (value.as_str(), value.as_u64()) {
                (Some(word), _) => (word == "tcp").into(),
                (_, Some(number)) => (number == 6).into(),
                _ => Fits::Maybe,
            },
            (_, _, _, Some("state")) => match value.as_str() {
                Some(state) => (state == "new").into(),
                None => Fits::Maybe,
            },
            (_, _, _, Some("status")) if value == "dnat" => self.packet.was_sent_elsewhere(),
            (Some("ip" | "ip6"), Some("daddr"), ..) => match (value.as_str(), &value["prefix"]) {
                (Some(address), _) => self.packet.goes_to(address),
                (None, prefix) => match (prefix["addr"].as_str(), prefix["len"].as_u64()) {
                    (Some(address), Some(len)) => self.packet.goes_to(&format!("{address}/{len}")),
                    _ => Fits::Maybe,
                },
            },
            (_, _, Some(key), _) => match (key, value.as_str()) {
                ("nfproto", Some(family)) => self.packet.is_of(family),
                ("iif" | "iifname", Some(name)) => self.packet.enters_by(name),
                ("oif" | "oifname", Some(name)) => self.packet.leaves_by(name),
                _ => Fits::Maybe,
            },
            _ => Fits::Maybe,
        }
    }

    fn is_port(&self, value: &Value) -> Fits {
        if let Some(number) = value.as_u64() {
            return (number == u64::from(self.packet.port())).into();
        }
        match (value["range"][0].as_u64(), value["range"][1].as_u64()) {
            (Some(low), Some(high)) => (low..=high).contains(&u64::from(self.packet.port())).into(),
            _ => Fits::Maybe,
        }
    }
}

pub(super) fn is_port(key: &Value) -> bool {
    let part = |key: &Value| key["payload"]["field"].as_str() == Some("dport");
    part(key)
        || key["concat"]
            .as_array()
            .is_some_and(|keys| keys.iter().any(part))
}
