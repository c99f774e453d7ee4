//! The asynchronous flavour of the drivers does the same as the blocking one.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tcp_embedded::driver::{enc28j60, w5500};
use tcp_embedded::sim::{Chip, Enc28j60Sim, Port, W5500Sim, Wired};
use tcp_embedded::{LinkState, MacAddress};

const OURS: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);

/// The models do at once what they are asked for.
fn now<F: Future>(future: F) -> F::Output {
    match poll(&mut pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a model never waits"),
    }
}

fn poll<F: Future>(future: &mut std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

fn frame(len: usize) -> Vec<u8> {
    let octets = (0..len).map(|place| place as u8);
    OURS.0.into_iter().chain(octets.skip(6)).collect()
}

/// Runs the same calls over either chip.
macro_rules! carries_frames {
    ($name:ident, $chip:ident, $module:ident, $driver:ident) => {
        #[test]
        fn $name() {
            let board = RefCell::new(Wired::new($chip::new(), 1));
            let port = Port::new(&board);
            let config = $module::Config::new(OURS);
            let mut driver = $module::asynch::$driver::new(port, port, config)
                .with_interrupt(port)
                .with_reset(port);
            now(driver.init()).unwrap();
            assert_eq!(now(driver.link()), LinkState::Up);
            let mut buffer = [0; 1_514];
            for len in 60..1_514 {
                assert_eq!(now(driver.receive(&mut buffer)), Ok(None));
                {
                    let mut asking = pin!(driver.wait_until_it_asks());
                    assert!(poll(&mut asking).is_pending());
                    assert!(board.borrow_mut().chip.deliver(&frame(len)));
                    assert!(poll(&mut asking).is_ready());
                }
                assert_eq!(now(driver.receive(&mut buffer)), Ok(Some(len)));
                assert_eq!(buffer[..len], frame(len));
                assert!(now(driver.can_transmit()));
                now(driver.transmit(&frame(len))).unwrap();
                assert!(now(driver.can_transmit()));
                assert_eq!(board.borrow_mut().chip.take_sent(), Some(frame(len)));
            }
            board.borrow_mut().chip.brown_out();
            let noticed = (0..90).any(|_| now(driver.receive(&mut buffer)).is_err());
            assert!(noticed);
            assert!((0..2).any(|_| now(driver.receive(&mut buffer)) == Ok(None)));
            assert_eq!(driver.counters().resets, 2);
            assert_eq!(board.borrow().chip.violations(), [""; 0]);
        }
    };
}

carries_frames!(over_an_enc28j60, Enc28j60Sim, enc28j60, Enc28j60);
carries_frames!(over_a_w5500, W5500Sim, w5500, W5500);
