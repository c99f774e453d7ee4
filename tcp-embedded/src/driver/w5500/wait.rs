//! Waiting for the interrupt line, which only the asynchronous flavour can.

use embedded_hal_async::digital::Wait;

use super::chip::W5500;

impl<SPI, D, INT: Wait, RST> W5500<SPI, D, INT, RST> {
    /// Waits until the chip asks to be served. Give it a limit of time (half a second does), after
    /// which [`receive`](Self::receive) is called anyhow: a chip that was reset behind the
    /// driver's back does not ask.
    pub async fn wait_until_it_asks(&mut self) {
        // A line that cannot be read is no reason to wait.
        let _ = self.interrupt.wait_for_low().await;
    }
}
