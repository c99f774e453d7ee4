//! `tcp`: serve, fetch and look, over a TCP of our own on a TUN device.

mod args;
mod demo;
mod failure;
mod fetch;
mod http;
mod link;
mod serve;
mod services;
mod signals;
mod ss;
mod table;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        // First, because it may only change its namespaces while it has a single thread.
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Fetch(args) => fetch::run(&args),
        Command::Ss(args) => ss::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tcp: {failure}");
            failure.exit_code()
        }
    }
}
