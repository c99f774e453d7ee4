//! `tcp fetch`.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tcp_std::Buffers;

use crate::args::FetchArgs;
use crate::failure::{Context, Failure};
use crate::http::{self, Progress};
use crate::link::Link;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(60);
/// What the closing handshake is granted before the device goes.
const GRACE: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &FetchArgs) -> Result<(), Failure> {
    let mut sink: Box<dyn Write> = match &args.output {
        Some(path) => {
            Box::new(File::create(path).context(format_args!("cannot write {}", path.display()))?)
        }
        None => Box::new(io::stdout().lock()),
    };
    let url = &args.url;
    let address = url
        .resolve()
        .context(format_args!("cannot resolve {}", url.host()))?;
    let link = Link::open(&args.link, Buffers::default())?;
    let mut stream = link
        .net
        .connect_timeout(&address, CONNECT_TIMEOUT)
        .context(format_args!("cannot connect to {address}"))?;
    stream
        .set_read_timeout(Some(SILENCE))
        .context("no timeout")?;
    let mut bar = Bar(ProgressBar::no_length());
    let length = http::get(&mut stream, url, &mut sink, &mut bar)
        .context(format_args!("cannot fetch {url}"))?;
    sink.flush().context("cannot write the file")?;
    bar.0.finish_with_message(format!("{length} octets"));
    drop(stream);
    // A server that does not close in time does not make the fetch a failure.
    let _ = link.net.shutdown(GRACE);
    Ok(())
}

/// On standard error, and only if that is a terminal.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn start(&mut self, total: Option<u64>) {
        if let Some(total) = total {
            self.0.set_length(total);
            let template = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.0.set_style(style);
            }
        }
    }

    fn advance(&mut self, octets: usize) {
        self.0.inc(octets as u64);
    }
}
