//! Every image for a chip of which no emulator has everything builds and links.

use tcp_tests::stm32::{self, Image};
use tcp_tests::{cross, not_run};

fn links(name: &str, image: Image) {
    if cross::cargo(stm32::TARGET).is_none() {
        not_run::say(name, &format!("no compiler for {}", stm32::TARGET));
        return;
    }
    if let Err(error) = image.build() {
        panic!("{image}: {error}");
    }
}

macro_rules! images {
    ($($name:ident: $image:ident;)*) => {
        $(
            #[test]
            fn $name() {
                links(stringify!($name), Image::$image);
            }
        )*

        #[test]
        fn none_is_forgotten() {
            assert_eq!([$(Image::$image,)*], Image::ALL);
        }
    };
}

images! {
    nucleo_f429zi: F429;
    nucleo_f767zi: F767;
    nucleo_h743zi: H743;
    stm32f407_with_enc28j60: F407_ENC28J60;
    stm32f407_with_w5500: F407_W5500;
    stm32f405_over_slip: F405;
    stm32f405_over_slip_in_qemu: F405_QEMU;
}
