//! x
use anysocks::blocking::Socks5Stream;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let a: Vec<_> = std::env::args().collect();
    let s = Socks5Stream::connect(&*a[1], &*a[2])?;
    println!("{s:?}");
    let s = anysocks::smol::Socks5Stream::connect(&*a[1], &*a[2]);
    let s = smol::block_on(s)?;
    println!("{s:?}");
    let s = async_std::task::block_on(anysocks::async_std::Socks5Stream::connect(&*a[1], &*a[2]))?;
    println!("{s:?}");
    let rt = tokio::runtime::Runtime::new()?;
    let s = rt.block_on(anysocks::tokio::Socks5Stream::connect(&*a[1], &*a[2]))?;
    println!(
        "{}",
        size_of_val(&anysocks::tokio::Socks5Stream::handshake(
            s.into_inner(),
            &anysocks::Auth::none(),
            "a:1"
        ))
    );
    Ok(())
}
