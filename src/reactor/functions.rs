//! The free functions of each asynchronous front end.

/// Defines the functions of a front end that take one proxy. A generic function would need the
/// front end as a type argument in each call.
macro_rules! functions {
    ($front_end:ty, $stream:ty) => {
        #[doc = include_str!("../docs/dial.md")]
        pub async fn dial<'a>(proxy: impl $crate::IntoProxy<'a>) -> Result<$stream, $crate::Error> {
            $crate::route::dial::<$front_end>(proxy).await
        }

        #[doc = include_str!("../docs/resolve.md")]
        pub async fn resolve<'a, 'b>(
            proxy: impl $crate::IntoProxy<'a>,
            name: impl TryInto<$crate::Host<'b>, Error: Into<$crate::Error>>,
        ) -> Result<::std::net::IpAddr, $crate::Error> {
            $crate::route::lookup::resolve::<$front_end>(proxy, name).await
        }

        #[doc = include_str!("../docs/resolve_ptr.md")]
        pub async fn resolve_ptr<'a>(
            proxy: impl $crate::IntoProxy<'a>,
            ip: ::std::net::IpAddr,
        ) -> Result<$crate::Name, $crate::Error> {
            $crate::route::lookup::resolve_ptr::<$front_end>(proxy, ip).await
        }
    };
}

pub(crate) use functions;
