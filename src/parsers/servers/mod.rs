//! Configuration files of servers. One file is one kind of file.

pub mod angular;
pub mod env_urls;
pub mod js_proxies;
pub mod playwright;
