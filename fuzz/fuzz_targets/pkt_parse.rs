//! Text to scripts: nothing panics, mistakes lie within the text, and a packet that was read is
//! read again as the same from how it is rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcp_tests::pkt::ast::{Action, Body, Packet};
use tcp_tests::pkt::{parse, render};

fuzz_target!(|text: &str| {
    let script = match parse(text) {
        Ok(script) => script,
        Err(error) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&error.line), "{error}");
            let line = text.split('\n').nth(error.line - 1).unwrap_or("");
            assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
            return;
        }
    };
    let mut line = 1;
    for event in &script.events {
        assert!(event.line >= line, "events stand in order");
        line = event.line;
        let _ = render::event(event);
        match &event.action {
            Action::Packet(packet) => check(packet),
            Action::Code(code) => {
                let _ = code.run(&mut |name| name.len().try_into().ok());
            }
            Action::Call(_) | Action::Shell(_) => {}
        }
    }
});

fn check(packet: &Packet) {
    // What is foreign is kept by the text of its line and may be cut off anywhere.
    if matches!(packet.body, Body::Other(_)) {
        return;
    }
    let text = render::packet(packet);
    let again = parse(&format!("0 {text}")).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let [event] = again.events.as_slice() else {
        panic!("{text:?} is several events: {again:?}");
    };
    assert_eq!(event.action, Action::Packet(packet.clone()), "{text:?}");
}
