//! Configuration files of servers that are not written in JavaScript. One file is one
//! kind of file.

pub mod env_urls;
