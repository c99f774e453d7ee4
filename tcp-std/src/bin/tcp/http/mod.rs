//! As much HTTP/1.1 (RFC 9112) as it takes to serve files and to fetch one.

mod client;
mod files;
mod head;
mod range;
mod server;
mod url;

pub(crate) use client::{Progress, get};
pub(crate) use server::{FileServer, serve_stream};
pub(crate) use url::Url;

/// Octets moved at a time between a file and a connection.
const CHUNK: usize = 256 << 10;
